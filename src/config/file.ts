import { isUtf8 } from "node:buffer";
import { dirname, resolve } from "node:path";
import { ConfigError, describeFileError, errorCode } from "./errors.js";
import { nearest } from "./nearest.js";
import type { Setting } from "./settings.js";
import { parseToml } from "./toml.js";

/** Read when no file is named, if it exists. */
export const DEFAULT_FILE = "sessionlog.toml";

/** A configuration file: its absolute path and what it states, as `section.key` → value. */
export interface ConfigFile {
  readonly path: string;
  /** What relative paths in it count from. */
  readonly directory: string;
  readonly values: ReadonlyMap<string, unknown>;
}

/**
 * Finds, reads and checks the file's names (not yet its values).
 *
 * @param named the path that a flag or variable gave and what gave it; undefined: `sessionlog.toml` in `cwd`, if there is one
 * @throws ConfigError when it cannot be read, is not TOML or has an unknown key
 */
export function readConfigFile(
  named: { readonly path: string; readonly by: string } | undefined,
  cwd: string,
  settings: readonly Setting<unknown>[],
  readFile: (path: string) => Buffer,
): ConfigFile | undefined {
  const path = resolve(cwd, named?.path ?? DEFAULT_FILE);
  let bytes: Buffer;
  try {
    bytes = readFile(path);
  } catch (error) {
    if (named === undefined && errorCode(error) === "ENOENT") return undefined;
    const by = named === undefined ? "" : ` (named by ${named.by})`;
    throw new ConfigError(`${path}: cannot read the configuration${by}: ${describeFileError(error)}`);
  }
  if (!isUtf8(bytes)) throw new ConfigError(`${path}: not valid TOML: the bytes are not UTF-8`);
  const document = parseToml(path, bytes.toString());
  return { path, directory: dirname(path), values: collectValues(path, document, settings) };
}

function collectValues(
  path: string,
  document: Readonly<Record<string, unknown>>,
  settings: readonly Setting<unknown>[],
): ReadonlyMap<string, unknown> {
  const values = new Map<string, unknown>();
  for (const [section, table] of Object.entries(document)) {
    const known = settings.filter((setting) => setting.section === section);
    if (known.length === 0) throw new ConfigError(`${path}: ${unknownSection(section, table, settings)}`);
    if (!isTable(table)) throw new ConfigError(`${path}: [${section}] must be a section with keys`);
    for (const [key, value] of Object.entries(table)) {
      if (!known.some((setting) => setting.key === key)) {
        throw new ConfigError(`${path}: [${section}] ${key} is not a known key; ${hint(key, known, settings)}`);
      }
      values.set(`${section}.${key}`, value);
    }
  }
  return values;
}

function unknownSection(name: string, value: unknown, settings: readonly Setting<unknown>[]): string {
  const sections = [...new Set(settings.map(({ section }) => section))];
  const all = sections.map((section) => `[${section}]`).join(", ");
  if (isTable(value)) {
    const near = nearest(name, sections);
    return `[${name}] is not a known section; ${near === undefined ? `known are ${all}` : did(`[${near}]`)}`;
  }
  const keys = settings.map(({ key }) => key);
  const key = nearest(name, keys) ?? name;
  return `${name} is outside of any section; ${elsewhere(key, settings) ?? `the sections are ${all}`}`;
}

/** Suggests a key for a mistyped one: of its section, else of another one. */
function hint(key: string, known: readonly Setting<unknown>[], settings: readonly Setting<unknown>[]): string {
  const keys = known.map((setting) => setting.key);
  const near = nearest(key, keys);
  if (near !== undefined) return did(near);
  return elsewhere(key, settings) ?? `known are ${keys.join(", ")}`;
}

/** Suggests the sections that have a key. */
function elsewhere(key: string, settings: readonly Setting<unknown>[]): string | undefined {
  const found = settings.filter((setting) => setting.key === key);
  return found.length === 0 ? undefined : did(found.map(({ section }) => `[${section}] ${key}`).join(" or "));
}

function did(name: string): string {
  return `did you mean ${name}?`;
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
