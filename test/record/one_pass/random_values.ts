/** Texts, and artifacts as protobuf bytes, at random; and the wire format by hand. */
import * as struct from "@sessionlog/protocol/wire/struct";
import type { Random } from "../../support/random.js";

const LETTERS = [..."abc XYZ019"];
const ALPHABETS = [
  LETTERS,
  [...'a"b\\c\n\t\r\b\f'],
  [..."\0\u0001\u001f\u007f\u0080\u009f"],
  [..."äöüßéñ"],
  [..."漢字かな"],
  [..."🛠😀𝒜"],
  [..."\u2028\u2029\ufeff\uffff\ue000\ud7ff"],
  [...'{"k": [1, 2]}\n'],
];
const NAME_LETTERS = [..."abcXYZ0189._:-"];
const NAME_FAULTS = [...' é"\n/\\\u007f'];
const KEYS = [
  "a",
  "b",
  "aa",
  "ab",
  "candidate_id",
  "name",
  "__proto__",
  "10",
  "9",
  "",
  "é",
  "漢",
  "🛠",
  "\ue000",
  "\uffff",
  "A",
  'q"',
];

export function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  if (typeof value === "number" && value >= 0 && value < 2 ** 31) {
    let rest = value;
    for (; rest >= 0x80; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
    return Buffer.from([...bytes, rest]);
  }
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

/** A field by its tag; what is no number has its length before it. */
export function field(tag: number, value: number | bigint | string | Uint8Array): Buffer {
  if (typeof value === "number" || typeof value === "bigint") return Buffer.concat([varint(tag), varint(value)]);
  const content = Buffer.from(value);
  return Buffer.concat([varint(tag), varint(content.length), content]);
}

export function double(tag: number, value: number): Buffer {
  const content = Buffer.alloc(8);
  content.writeDoubleLE(value);
  return Buffer.concat([varint(tag), content]);
}

/** An entry of a Struct. */
export function entry(key: string | Buffer, value: Buffer): Buffer {
  return field(struct.REPEATED, Buffer.concat([field(struct.ENTRY_KEY, key), field(struct.ENTRY_VALUE, value)]));
}

/** As some libraries write one whose key is empty. */
function entryWithoutKey(value: Buffer): Buffer {
  return field(struct.REPEATED, field(struct.ENTRY_VALUE, value));
}

export interface RandomValues {
  one<T>(items: readonly T[]): T;
  text(length_max: number): Buffer;
  /** Such as an id has. */
  name(length_max: number): Buffer;
  /** The entries of a Struct. */
  object(depth: number): Buffer;
  /** About as deep as it may be. */
  deepObject(depth_max: number): Buffer;
}

export function createRandomValues({ below, chance, next }: Random): RandomValues {
  function one<T>(items: readonly T[]): T {
    const item = items[below(items.length)];
    if (item === undefined) throw new Error("there is nothing to choose from");
    return item;
  }

  function text(length_max: number): Buffer {
    const alphabet = chance(0.4) ? LETTERS : chance(0.5) ? one(ALPHABETS) : undefined;
    const bytes = Buffer.from(
      Array.from({ length: below(length_max) }, () => one(alphabet ?? one(ALPHABETS))).join(""),
    );
    if (bytes.length > 0 && chance(0.01)) bytes[below(bytes.length)] = below(256);
    return bytes;
  }

  function name(length_max: number): Buffer {
    const letters = Array.from({ length: 1 + below(length_max) }, () => one(NAME_LETTERS));
    if (chance(0.02)) letters.push(one(NAME_FAULTS));
    return Buffer.from(letters.join(""));
  }

  function number(): number {
    const kinds_of_numbers = [
      () => below(1000),
      next,
      () => -below(1e6),
      () => below(2 ** 31) * below(2 ** 31),
      () => next() * 10 ** (below(600) - 300),
      () => one([-0, 1e21, 1e-7, 5e-324, 999_999_999, 1e9, 2 ** 53, 1.7976931348623157e308]),
      () => (chance(0.05) ? one([Number.NaN, Number.POSITIVE_INFINITY]) : 0.1),
    ];
    return one(kinds_of_numbers)();
  }

  function value(depth: number): Buffer {
    switch (below(depth > 0 ? 9 : 6)) {
      case 0:
        return field(struct.VALUE_NULL, chance(0.9) ? 0 : below(3));
      case 1:
        return double(struct.VALUE_NUMBER, number());
      case 2:
      case 3:
        return field(struct.VALUE_STRING, text(20));
      case 4:
        return field(struct.VALUE_BOOL, below(2));
      case 5:
        if (chance(0.9)) return field(struct.VALUE_STRING, name(10));
        return chance(0.5)
          ? Buffer.alloc(0)
          : Buffer.concat([field(struct.VALUE_BOOL, 1), double(struct.VALUE_NUMBER, 1)]);
      case 6: {
        const items = Array.from({ length: below(4) }, () => field(struct.REPEATED, value(depth - 1)));
        return field(struct.VALUE_LIST, Buffer.concat(items));
      }
      default:
        return field(struct.VALUE_STRUCT, object(depth - 1));
    }
  }

  function object(depth: number): Buffer {
    let keys = Array.from({ length: below(6) }, () => (chance(0.85) ? one(KEYS) : text(8).toString()));
    if (!chance(0.05)) keys = [...new Set(keys)];
    if (chance(0.7)) keys.sort();
    return Buffer.concat(
      keys.map((key) => (key === "" && chance(0.5) ? entryWithoutKey(value(depth)) : entry(key, value(depth)))),
    );
  }

  function deepObject(depth_max: number): Buffer {
    let inner = field(struct.VALUE_BOOL, 1);
    for (let level = depth_max - 5 + below(8); level > 0; level--) {
      const list = chance(0.5);
      const content = list ? field(struct.REPEATED, inner) : entry("k", inner);
      inner = field(list ? struct.VALUE_LIST : struct.VALUE_STRUCT, content);
    }
    return entry("k", inner);
  }

  return { one, text, name, object, deepObject };
}
