// How the values of settings are read and printed. Each kind of value states once what is expected, and that one
// sentence is what a refusal and the help say.
import { resolve } from "node:path";
import * as zlib from "node:zlib";
import { parseAddress } from "./address.js";

const HAS_ZSTD = "createZstdCompress" in zlib;

/** A value and the TOML literal that means it. */
export interface Reading<T> {
  readonly value: T;
  readonly toml: string;
}

/** One kind of value. */
export interface ValueType<T> {
  /** A valid value, worded to follow "expected". */
  readonly expected: string;
  /** The value's placeholder in help texts. */
  readonly placeholder: string;
  /** From a value as a TOML parser gives it; relative paths count from the directory `base`. Undefined for an invalid value. */
  read(value: unknown, base: string): Reading<T> | undefined;
  /** Why a value that `read` refuses is one that users may well give, and what to do; undefined: it is not. */
  problem?(value: unknown): string | undefined;
  /** From the text of a flag or variable to the value that a file would state. */
  fromText(text: string): unknown;
}

/** A whole number from `min` to `max`. */
export function count(min: number, max: number): ValueType<number> {
  return {
    expected: `a whole number from ${min} to ${max}`,
    placeholder: "<number>",
    read: (value) =>
      typeof value === "number" && Number.isInteger(value) && value >= min && value <= max
        ? { value, toml: String(value) }
        : undefined,
    fromText: (text) => (/^\d{1,15}$/.test(text) ? Number(text) : text),
  };
}

/** true or false. */
export function truth(): ValueType<boolean> {
  return {
    expected: "true or false",
    placeholder: "<true|false>",
    read: (value) => (typeof value === "boolean" ? { value, toml: String(value) } : undefined),
    fromText: (text) => (text === "true" ? true : text === "false" ? false : text),
  };
}

/** Text in a file, too. `parse` gives the value that a text means, undefined for an invalid one. */
function textual<T extends string>(
  expected: string,
  placeholder: string,
  parse: (text: string, base: string) => T | undefined,
): ValueType<T> {
  return {
    expected,
    placeholder,
    read: (value, base) => {
      const parsed = typeof value === "string" ? parse(value, base) : undefined;
      return parsed === undefined ? undefined : { value: parsed, toml: JSON.stringify(parsed) };
    },
    fromText: (text) => text,
  };
}

/** How sealed segments are stored: zstd only where this Node has it. */
export function compression(): ValueType<"none" | "gzip" | "zstd"> {
  const type = choice("none", "gzip", "zstd");
  return {
    ...type,
    read: (value, base) => (value === "zstd" && !HAS_ZSTD ? undefined : type.read(value, base)),
    problem: (value) =>
      value === "zstd" ? `"zstd" needs Node 22.15 or later, this is Node ${process.versions.node}` : undefined,
  };
}

/** One of a few words. */
export function choice<const T extends string>(...words: readonly T[]): ValueType<T> {
  const expected = words.map((word) => JSON.stringify(word)).join(" or ");
  return textual(expected, `<${words.join("|")}>`, (text) => words.find((word) => word === text));
}

/** The permissions of a file, in octal. */
export function fileMode(): ValueType<number> {
  return {
    expected: 'permissions in octal, such as "0660"',
    placeholder: "<mode>",
    read: (value) =>
      typeof value === "string" && /^0?[0-7]{3}$/.test(value)
        ? { value: Number.parseInt(value, 8), toml: JSON.stringify(value.padStart(4, "0")) }
        : undefined,
    problem: (value) => (typeof value === "number" ? "permissions are a text, in quotes" : undefined),
    fromText: (text) => text,
  };
}

/** A group of the system by its name or number, or "" for none. */
export function groupOrNone(): ValueType<string> {
  const expected = 'the name or the number of a group, or "" for none';
  return textual(expected, "<group>", (text) =>
    /^(?:[A-Za-z0-9_][A-Za-z0-9_.-]{0,31})?$/.test(text) ? text : undefined,
  );
}

/** Names of daemons and kinds. The rule's home is the row's JSON Schema, which this folder does not import; a test compares them. */
export function isName(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9._-]{1,64}$/.test(value);
}

/** What a name is, for messages. */
export const NAME_FORM = "1 to 64 of A-Z a-z 0-9 . _ -";

/** A name, or "" for none. */
export function nameOrNone(): ValueType<string> {
  const expected = `a name of ${NAME_FORM}, or "" for none`;
  return textual(expected, "<name>", (text) => (text === "" || isName(text) ? text : undefined));
}

/** At least one name, none of them twice; a flag or variable separates them by commas. */
export function names(): ValueType<readonly string[]> {
  return {
    expected: `one or more different names of ${NAME_FORM}, such as ["fill", "email"]`,
    placeholder: "<name,name,...>",
    read: (value) => {
      const right = Array.isArray(value) && value.length > 0 && value.every(isName);
      if (!right || new Set(value).size < value.length) return undefined;
      return { value: Object.freeze([...value]), toml: `[${value.map((name) => JSON.stringify(name)).join(", ")}]` };
    },
    fromText: (text) => text.split(",").map((name) => name.trim()),
  };
}

/** Where to listen; `optional`: "" too, for nowhere, and no Unix socket. */
export function address(optional?: "optional"): ValueType<string> {
  const expected = `"host:port" with a port from 0 to 65535 (an IPv6 host in brackets), or ${optional ? '"" for none' : '"unix:/path"'}`;
  const valid = (kind: string | undefined, text: string) =>
    kind === "tcp" || (optional ? text === "" : kind === "unix");
  return textual(expected, "<address>", (text) => (valid(parseAddress(text)?.kind, text) ? text : undefined));
}

/** The address of a web site, or "" for none; a "/" at the end is left out. */
export function webAddressOrNone(): ValueType<string> {
  return textual('an address such as "https://langfuse.example", or "" for none', "<url>", (text) => {
    const valid = text === "" || (/^https?:\/\/[^/?#]+[^?#]*$/.test(text) && URL.canParse(text));
    return valid ? text.replace(/\/+$/, "") : undefined;
  });
}

/** Only a shell replaces "~" by the home directory, and only at the begin of a word: here it would be a directory of that name. */
export function homeProblem(path: unknown): string | undefined {
  if (typeof path !== "string" || !path.startsWith("~")) return undefined;
  return `${JSON.stringify(path)} begins with "~", which is not replaced here; write the home directory's path, or "./~…"`;
}

function pathType(expected: string, parse: (text: string, base: string) => string | undefined): ValueType<string> {
  const valid = (text: string) => !text.includes("\0") && homeProblem(text) === undefined;
  const type = textual(expected, "<file>", (text, base) => (valid(text) ? parse(text, base) : undefined));
  return { ...type, problem: homeProblem };
}

/** The path of a file, or "" for none; the value is absolute. */
export function fileOrNone(): ValueType<string> {
  return pathType('the path of a file, or "" for none', (text, base) => (text === "" ? "" : resolve(base, text)));
}

/** Any text but "". */
export function someText(): ValueType<string> {
  return textual("a text that is not empty", "<name>", (text) => (text === "" ? undefined : text));
}

/** Where ids are in JSON: keys and at least one list. */
export function idsPath(): ValueType<string> {
  const form = /^[^.[\]"$*]+(\[\])?(\.[^.[\]"$*]+(\[\])?)*$/;
  return textual('keys and a list, such as "fills[].candidate_id"', "<path>", (text) =>
    form.test(text) && text.includes("[]") ? text : undefined,
  );
}

/** A file whose name has a stem and ends with `.jsonl`; the value is its absolute path. */
export function jsonlPath(): ValueType<string> {
  return pathType('the path of a file, ending with ".jsonl"', (text, base) =>
    /[^/]\.jsonl$/.test(text) ? resolve(base, text) : undefined,
  );
}
