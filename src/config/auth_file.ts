import { isUtf8 } from "node:buffer";
import { findPlaces, type IdentityPlace, type Places } from "./auth_places.js";
import { ConfigError, describeFileError } from "./errors.js";
import { openToOthers } from "./permissions.js";
import type { Config } from "./settings.js";
import { parseToml } from "./toml.js";
import { isName, NAME_FORM } from "./values.js";

export const ROLES = ["append", "read", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** Who a client may be. */
export interface Identity {
  readonly name: string;
  /** The daemons whose rows it may append or read: names, with a `*` at the end for all that begin so. Its own is among them. */
  readonly daemons: readonly string[];
  readonly roles: ReadonlySet<Role>;
  /** Subject alternative names of its certificates, as Node prints them: `URI:spiffe://…`, `DNS:…`. */
  readonly certificates: readonly string[];
  readonly tokens: readonly Token[];
}

export interface Token {
  /** What logs show. */
  readonly id: string;
  /** Of the whole token: 32 bytes. */
  readonly sha256: Buffer;
  /** Milliseconds since 1970; undefined: it does not expire. */
  readonly not_after_ms: number | undefined;
}

const DAEMON = /^(?:[A-Za-z0-9._-]{1,64}|[A-Za-z0-9._-]{0,63}\*)$/;
const SHA256 = /^[0-9a-f]{64}$/i;
const SAN = /^(?:URI|DNS|IP Address|email):\S+$/;

type Table = Readonly<Record<string, unknown>>;

const isRole = (item: unknown): item is Role => ROLES.some((role) => role === item);
const isDaemon = (item: unknown): item is string => typeof item === "string" && DAEMON.test(item);
const isSubjectName = (item: unknown): item is string => typeof item === "string" && SAN.test(item);

/**
 * Reads and checks the file of [auth]; undefined when none is set.
 *
 * @throws ConfigError, one line that names the file, the line and the key, for the first that is wrong
 */
export function readAuthFile(
  { file: path, unix_identity }: Config["auth"],
  readFile: (path: string) => Buffer,
): readonly Identity[] | undefined {
  if (path === "") return undefined;
  const text = readText(path, readFile);
  const document = parseToml(path, text);
  const places = findPlaces(path, text);
  const { identity: tables, ...others } = document;
  const [other] = Object.keys(others);
  if (other !== undefined) {
    throw new ConfigError(`${places.key(other)}: ${other} is not a known key; known is [[identity]]`);
  }
  if (!Array.isArray(tables)) throw new ConfigError(`${path}: expected one or more [[identity]]`);
  const identities = tables.map((table, index) => readIdentity(table, places.identity(index)));
  refuseDoubles(identities, places);
  if (unix_identity !== "" && !identities.some(({ name }) => name === unix_identity)) {
    throw new ConfigError(`[auth] unix_identity: ${path} has no identity ${unix_identity}`);
  }
  return identities;
}

/** What an operator should mend in the file of [auth], in one line each. */
export function authFileWarnings({ file }: Config["auth"]): readonly string[] {
  return openToOthers(file)
    ? [`[auth] file: ${file} can be read or changed by everyone on this machine; chmod 640 it`]
    : [];
}

function readText(path: string, readFile: (path: string) => Buffer): string {
  try {
    const bytes = readFile(path);
    if (isUtf8(bytes)) return bytes.toString();
  } catch (error) {
    throw new ConfigError(`[auth] file: ${path}: ${describeFileError(error)}`);
  }
  throw new ConfigError(`[auth] file: ${path}: not valid TOML: the bytes are not UTF-8`);
}

function readIdentity(value: unknown, place: IdentityPlace): Identity {
  const keys = ["name", "daemons", "roles", "certificates", "token"];
  const table = tableOf(value, "[[identity]]", keys, place.key);
  const name = table.name;
  if (!isName(name)) throw new ConfigError(`${place.key("name")}: name: expected ${NAME_FORM}`);
  const at = (key: string) => `${place.key(key)}: identity ${name}: ${key}`;
  const list = <T>(key: string, isRight: (item: unknown) => item is T, expected: string): readonly T[] => {
    const items: unknown = table[key] ?? [];
    if (!Array.isArray(items)) throw new ConfigError(`${at(key)}: expected a list of ${expected}`);
    const bad = items.findIndex((item) => !isRight(item));
    if (bad !== -1) throw new ConfigError(`${at(key)}[${bad}]: expected ${expected}`);
    return items.filter(isRight);
  };
  const roles = list("roles", isRole, `one of ${ROLES.join(", ")}`);
  if (roles.length === 0) throw new ConfigError(`${at("roles")}: expected one or more of ${ROLES.join(", ")}`);
  const tokens: unknown = table.token ?? [];
  if (!Array.isArray(tokens)) throw new ConfigError(`${at("token")}: expected [[identity.token]]`);
  return {
    name,
    daemons: [name, ...list("daemons", isDaemon, "the name of a daemon, or its beginning and *")],
    roles: new Set(roles),
    certificates: list(
      "certificates",
      isSubjectName,
      'a name as in a certificate, such as "URI:spiffe://prod/validatord" or "DNS:host"',
    ),
    tokens: tokens.map((token, index) =>
      readToken(token, `identity ${name}: token ${index + 1}`, (key) => place.token(index, key)),
    ),
  };
}

function readToken(value: unknown, what: string, placeOf: (key: string) => string): Token {
  const { id, sha256, not_after } = tableOf(value, what, ["id", "sha256", "not_after"], placeOf);
  const wrong = (key: string, expected: string) =>
    new ConfigError(`${placeOf(key)}: ${what}: ${key}: expected ${expected}`);
  if (!isName(id)) throw wrong("id", NAME_FORM);
  if (typeof sha256 !== "string" || !SHA256.test(sha256)) {
    throw wrong("sha256", "64 hexadecimal digits, as sessionlog token new prints them");
  }
  if (not_after !== undefined && !(not_after instanceof Date)) {
    throw wrong("not_after", "a time without quotes, such as 2027-02-01T00:00:00Z");
  }
  return { id, sha256: Buffer.from(sha256, "hex"), not_after_ms: not_after?.getTime() };
}

function tableOf(value: unknown, what: string, keys: readonly string[], placeOf: (key: string) => string): Table {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ConfigError(`${placeOf("")}: ${what}: expected a table`);
  }
  const unknown = Object.keys(value).find((key) => !keys.includes(key));
  if (unknown !== undefined) {
    throw new ConfigError(`${placeOf(unknown)}: ${what}: ${unknown} is not a known key; known are ${keys.join(", ")}`);
  }
  return Object.fromEntries(Object.entries(value));
}

/** A token, a certificate or a name is of one identity only. */
function refuseDoubles(identities: readonly Identity[], places: Places): void {
  const seen = new Map<string, string>();
  // The place is looked for only when it is told: that goes through the file.
  const note = (what: string, name: string, place: () => string) => {
    const other = seen.get(what);
    if (other !== undefined) throw new ConfigError(`${place()}: ${what} is given twice, to ${other} and to ${name}`);
    seen.set(what, name);
  };
  for (const [index, { name, certificates, tokens }] of identities.entries()) {
    const place = places.identity(index);
    note(`the identity ${name}`, name, () => place.key("name"));
    for (const certificate of certificates)
      note(`the certificate ${certificate}`, name, () => place.key("certificates"));
    for (const [number, { id, sha256 }] of tokens.entries()) {
      note(`the token id ${id} of ${name}`, name, () => place.token(number, "id"));
      note(`a token (sha256 ${sha256.toString("hex").slice(0, 8)}…)`, name, () => place.token(number, "sha256"));
    }
  }
}
