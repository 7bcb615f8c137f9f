// How the values of settings are read and printed. Each kind of value states once what is expected, and that one
// sentence is what a refusal and the help say.
import { resolve } from "node:path";
import { parseAddress } from "./address.js";

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
  /** From the text of a flag or variable to the value that a file would state. */
  fromText(text: string): unknown;
}

const SIZE_UNITS: readonly (readonly [string, number])[] = [
  ["GiB", 1 << 30],
  ["MiB", 1 << 20],
  ["KiB", 1 << 10],
  ["B", 1],
];
const DURATION_UNITS: readonly (readonly [string, number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];

/** Bytes, from `min` to `max`: an integer, or text with a unit. `zero` says what 0 means, where that is allowed too. */
export function size(min: string, max: string, zero?: string): ValueType<number> {
  const units = new Map([["", 1], ...SIZE_UNITS]);
  return quantity(
    `a size from ${min} to ${max}, such as 4096, "64KiB" or "4MiB"${alsoZero("0", zero)}`,
    "<size>",
    [min, max],
    {
      parse: (value) => (typeof value === "number" ? value : parseQuantity(value, units)),
      print: (bytes) => printQuantity(bytes, SIZE_UNITS),
      zero: zero === undefined ? undefined : "0",
    },
  );
}

/** Milliseconds, from `min` to `max`: text with a unit. `zero` says what "0s" means, where that is allowed too. */
export function duration(min: string, max: string, zero?: string): ValueType<number> {
  const units = new Map(DURATION_UNITS);
  return quantity(
    `a duration from ${min} to ${max}, such as "500ms", "10s", "5m" or "1h"${alsoZero('"0s"', zero)}`,
    "<duration>",
    [min, max],
    {
      parse: (value) => parseQuantity(value, units),
      print: (ms) => printQuantity(ms, DURATION_UNITS),
      zero: zero === undefined ? undefined : '"0s"',
    },
  );
}

function alsoZero(literal: string, meaning: string | undefined): string {
  return meaning === undefined ? "" : `, or ${literal} for ${meaning}`;
}

interface Notation {
  parse(value: unknown): number | undefined;
  print(value: number): string;
  /** The TOML literal of 0, where that is allowed besides the range. */
  readonly zero: string | undefined;
}

function quantity(
  expected: string,
  placeholder: string,
  bounds: readonly [string, string],
  { parse, print, zero }: Notation,
): ValueType<number> {
  const [min = 0, max = 0] = bounds.map(parse);
  return {
    expected,
    placeholder,
    read: (value) => {
      const number = parse(value);
      if (number === 0 && zero !== undefined) return { value: 0, toml: zero };
      const fits = number !== undefined && Number.isSafeInteger(number) && number >= min && number <= max;
      return fits ? { value: number, toml: JSON.stringify(print(number)) } : undefined;
    },
    fromText: (text) => text,
  };
}

function parseQuantity(value: unknown, units: ReadonlyMap<string, number>): number | undefined {
  const parts = typeof value === "string" ? /^(\d{1,15})([A-Za-z]*)$/.exec(value) : null;
  const unit = units.get(parts?.[2] ?? "");
  return parts === null || unit === undefined ? undefined : Number(parts[1]) * unit;
}

function printQuantity(value: number, units: readonly (readonly [string, number])[]): string {
  const [name, unit] = units.find(([, unit]) => value >= unit && value % unit === 0) ?? units.at(-1) ?? ["", 1];
  return `${value / unit}${name}`;
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

/** One of a few words. */
export function choice<const T extends string>(...words: readonly T[]): ValueType<T> {
  return {
    expected: words.map((word) => JSON.stringify(word)).join(" or "),
    placeholder: `<${words.join("|")}>`,
    read: (value) => {
      const word = words.find((word) => word === value);
      return word === undefined ? undefined : { value: word, toml: JSON.stringify(word) };
    },
    fromText: (text) => text,
  };
}

/** Names of daemons and kinds. The rule's home is the row's JSON Schema, which this folder does not import; a test compares them. */
function isName(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9._-]{1,64}$/.test(value);
}

/** A name, or "" for none. */
export function nameOrNone(): ValueType<string> {
  return {
    expected: 'a name of 1 to 64 of A-Z a-z 0-9 . _ -, or "" for none',
    placeholder: "<name>",
    read: (value) => (value === "" || isName(value) ? { value, toml: JSON.stringify(value) } : undefined),
    fromText: (text) => text,
  };
}

/** At least one name, none of them twice; a flag or variable separates them by commas. */
export function names(): ValueType<readonly string[]> {
  return {
    expected: 'one or more different names of 1 to 64 of A-Z a-z 0-9 . _ -, such as ["fill", "email"]',
    placeholder: "<name,name,...>",
    read: (value) => {
      const right = Array.isArray(value) && value.length > 0 && value.every(isName);
      if (!right || new Set(value).size < value.length) return undefined;
      return { value: Object.freeze([...value]), toml: `[${value.map((name) => JSON.stringify(name)).join(", ")}]` };
    },
    fromText: (text) => text.split(",").map((name) => name.trim()),
  };
}

/** Where to listen. */
export function address(): ValueType<string> {
  return {
    expected: '"host:port" with a port from 0 to 65535 (an IPv6 host in brackets), or "unix:/path"',
    placeholder: "<address>",
    read: (value) =>
      typeof value === "string" && parseAddress(value) !== undefined
        ? { value, toml: JSON.stringify(value) }
        : undefined,
    fromText: (text) => text,
  };
}

/** The address of a web site, or "" for none; a "/" at the end is left out. */
export function webAddressOrNone(): ValueType<string> {
  return {
    expected: 'an address such as "https://langfuse.example", or "" for none',
    placeholder: "<url>",
    read: (value) => {
      if (value === "") return { value, toml: '""' };
      if (typeof value !== "string" || !/^https?:\/\/[^/?#]+[^?#]*$/.test(value) || !URL.canParse(value))
        return undefined;
      const address = value.replace(/\/+$/, "");
      return { value: address, toml: JSON.stringify(address) };
    },
    fromText: (text) => text,
  };
}

/** A file whose name has a stem and ends with `.jsonl`; the value is its absolute path. */
export function jsonlPath(): ValueType<string> {
  return {
    expected: 'the path of a file, ending with ".jsonl"',
    placeholder: "<file>",
    read: (value, base) => {
      if (typeof value !== "string" || value.includes("\0") || !/[^/]\.jsonl$/.test(value)) return undefined;
      const path = resolve(base, value);
      return { value: path, toml: JSON.stringify(path) };
    },
    fromText: (text) => text,
  };
}
