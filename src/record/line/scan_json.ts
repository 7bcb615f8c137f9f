/** One pass over a line of JSON, without making values of it: whether it is an object, and what JSON.parse does not tell. */

import { createNestedKeys, textOf } from "./nested_keys.js";

/** Levels of objects and lists in a line, the row itself being the first: deeper ones break readers that recurse. */
export const LEVELS_MAX = 1000;

export type Fault = "not a JSON object" | "half of a surrogate pair" | "too many levels";

/** What a scan found; the scanner's own, overwritten by its next scan. */
export interface Scanned {
  /** Undefined for one object with nothing but blanks around it. */
  fault: Fault | undefined;
  /** Index in `names` of a key that the object has twice; -1 when there is none. */
  doubled: number;
  /** A key in another spelling than its first, the object's own or one of `items`. */
  misspelled: string | undefined;
  /** Whether an object within it has a key twice (or two with the same hash), of which JSON.parse takes the last. */
  nested_doubled: boolean;
  /** Where the value of the first of `names` begins and ends; -1 when the object does not have it. */
  first_from: number;
  first_to: number;
}

/** The ways to write a key, the usual one first. */
export type Spellings = readonly [string, ...string[]];

export interface Items {
  readonly list: string;
  readonly names: readonly Spellings[];
}

const [QUOTE, BACKSLASH, COMMA, COLON, ZERO] = [0x22, 0x5c, 0x2c, 0x3a, 0x30];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_LIST, CLOSE_LIST] = [0x7b, 0x7d, 0x5b, 0x5d];
const LETTER_U = 0x75;

/** Bytes that a text runs on over: all but quotes, backslashes and control characters. */
const PLAIN = byteSet((byte) => byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH);
const NUMERIC = byteSet((byte) => /[-+.0-9eE]/.test(String.fromCharCode(byte)));
const BLANK = byteSet((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
const ESCAPED = byteSet((byte) => '"\\/bfnrt'.includes(String.fromCharCode(byte)));
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/;
const WORDS = ["true", "false", "null"].map((word) => Buffer.from(word));

/** What a step returns where the line is no JSON. */
const NO_JSON = -1;
const HALF_PAIR = -2;
const TOO_DEEP = -3;
const FAULTS: ReadonlyMap<number, Fault> = new Map([
  [HALF_PAIR, "half of a surrogate pair"],
  [TOO_DEEP, "too many levels"],
]);

function byteSet(has: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (has(byte) ? 1 : 0));
}

/**
 * Makes a scanner of lines of UTF-8.
 *
 * @param names keys that a line may have once only, each with its spellings, in the order in which most lines have them; at most 31
 * @param items keys of the objects in the list that the line has as `items.list`
 */
export function createJsonScanner(names: readonly Spellings[], items: Items): (line: Buffer) => Readonly<Scanned> {
  const keys = names.map(([name]) => Buffer.from(`${name}"`));
  const indexes = new Map(names.flatMap((spellings, index) => spellings.map((name) => [name, index] as const)));
  const own_spellings = new Set(names.map(([name]) => name));
  const list = indexes.get(items.list);
  const item_keys = items.names.map(([name]) => Buffer.from(`"${name}"`));
  const misspelled_items = new Set(
    items.names.flatMap(([name, ...others]) => others.filter((other) => other !== name)),
  );
  const found: Scanned = {
    fault: undefined,
    doubled: -1,
    misspelled: undefined,
    nested_doubled: false,
    first_from: -1,
    first_to: -1,
  };
  /** Whether the container of each level is a list. */
  const lists = new Uint8Array(LEVELS_MAX + 1);
  const nested = createNestedKeys();
  /** Of the line's own keys: which were met, as bits, which is next in most lines, and which was the last one, -1 for others. */
  let met = 0;
  let expected = 0;
  let current = -1;

  /** From a key's quote to its value. */
  function skipKey(line: Buffer, at: number, level: number): number {
    if (line[at] !== QUOTE) return NO_JSON;
    let end = level === 1 ? matchExpected(line, at + 1) : NO_JSON;
    if (end === NO_JSON) {
      end = skipText(line, at);
      if (end < 0) return end;
      if (level === 1) noteText(textOf(line, at, end));
      else if (nested.meet(line, at, end, level)) found.nested_doubled = true;
      if (level === 3 && current === list) checkItemKey(line, at, end);
    }
    end = skipBlanks(line, end);
    return line[end] === COLON ? skipBlanks(line, end + 1) : NO_JSON;
  }

  /** Behind the quote of the key that most lines have next, or one after it, when the line has it. */
  function matchExpected(line: Buffer, at: number): number {
    for (let index = expected; index < keys.length; index++) {
      const key = keys[index];
      if (key === undefined || !startsWith(line, at, key)) continue;
      noteKey(index);
      return at + key.length;
    }
    return NO_JSON;
  }

  function noteText(key: string): void {
    const index = indexes.get(key) ?? -1;
    if (index !== -1 && !own_spellings.has(key)) found.misspelled = key;
    noteKey(index);
  }

  function checkItemKey(line: Buffer, from: number, to: number): void {
    for (const key of item_keys) if (startsWith(line, from, key)) return;
    const key = textOf(line, from, to);
    if (misspelled_items.has(key)) found.misspelled = key;
  }

  function noteKey(index: number): void {
    current = index;
    if (index === -1) return;
    if ((met & (1 << index)) !== 0) found.doubled = index;
    met |= 1 << index;
    expected = index + 1;
  }

  /** From the line's "{" to behind its last "}". */
  function skipObject(line: Buffer, start: number): number {
    let at = start;
    let level = 0;
    for (;;) {
      const byte = line[at] ?? 0;
      if (level === 1 && current === 0) found.first_from = at;
      const is_list = byte === OPEN_LIST;
      // Whether `at` is at the end of a container.
      let closes = false;
      if (is_list || byte === OPEN_OBJECT) {
        if (level === LEVELS_MAX) return TOO_DEEP;
        lists[++level] = is_list ? 1 : 0;
        nested.open(level);
        at = skipBlanks(line, at + 1);
        closes = line[at] === (is_list ? CLOSE_LIST : CLOSE_OBJECT);
        if (!closes) {
          if (!is_list) at = skipKey(line, at, level);
          if (at < 0) return at;
          continue;
        }
      } else {
        at = skipLeaf(line, at, byte);
        if (at < 0) return at;
      }
      for (;;) {
        if (closes) {
          nested.close(level--);
          at++;
          if (level === 0) return at;
        }
        if (level === 1 && current === 0) found.first_to = at;
        at = skipBlanks(line, at);
        closes = line[at] === (lists[level] === 1 ? CLOSE_LIST : CLOSE_OBJECT);
        if (!closes) break;
      }
      if (line[at] !== COMMA) return NO_JSON;
      at = skipBlanks(line, at + 1);
      if (lists[level] === 0) at = skipKey(line, at, level);
      if (at < 0) return at;
    }
  }

  return (line) => {
    met = expected = 0;
    current = -1;
    found.fault = found.misspelled = undefined;
    found.nested_doubled = false;
    found.doubled = found.first_from = found.first_to = -1;
    nested.clear();
    const start = skipBlanks(line, 0);
    const end = line[start] === OPEN_OBJECT ? skipObject(line, start) : NO_JSON;
    if (end < 0 || skipBlanks(line, end) < line.length) found.fault = FAULTS.get(end) ?? "not a JSON object";
    return found;
  };
}

function skipBlanks(line: Buffer, at: number): number {
  let next = at;
  while (BLANK[line[next] ?? 0] === 1) next++;
  return next;
}

/** From a text's first quote to behind its last one. */
function skipText(line: Buffer, at: number): number {
  let next = at + 1;
  for (;;) {
    while (PLAIN[line[next] ?? 0] === 1) next++;
    if (line[next] === QUOTE) return next + 1;
    if (line[next] !== BACKSLASH) return NO_JSON;
    next = skipEscape(line, next);
    if (next < 0) return next;
  }
}

function skipEscape(line: Buffer, at: number): number {
  const letter = line[at + 1] ?? 0;
  if (letter !== LETTER_U) return ESCAPED[letter] === 1 ? at + 2 : NO_JSON;
  const unit = readUnit(line, at);
  if (unit < 0xd800 || unit > 0xdfff) return unit === NO_JSON ? NO_JSON : at + 6;
  const has_low = unit < 0xdc00 && line[at + 6] === BACKSLASH && line[at + 7] === LETTER_U;
  const low = has_low ? readUnit(line, at + 6) : 0;
  return low >= 0xdc00 && low <= 0xdfff ? at + 12 : HALF_PAIR;
}

/** The code unit of `\uXXXX`. */
function readUnit(line: Buffer, at: number): number {
  const digits = line.toString("latin1", at + 2, at + 6);
  return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : NO_JSON;
}

/** Behind a value that has no others in it. */
function skipLeaf(line: Buffer, at: number, first: number): number {
  if (first === QUOTE) return skipText(line, at);
  if (NUMERIC[first] !== 1) return skipWord(line, at);
  let end = at + 1;
  while (NUMERIC[line[end] ?? 0] === 1) end++;
  const is_digit = end === at + 1 && first >= ZERO && first <= ZERO + 9;
  return is_digit || NUMBER.test(line.toString("latin1", at, end)) ? end : NO_JSON;
}

function skipWord(line: Buffer, at: number): number {
  for (const word of WORDS) if (startsWith(line, at, word)) return at + word.length;
  return NO_JSON;
}

function startsWith(line: Buffer, at: number, bytes: Buffer): boolean {
  for (let offset = 0; offset < bytes.length; offset++) if (line[at + offset] !== bytes[offset]) return false;
  return true;
}
