/** Integers of ProtoJSON: numbers or strings, also such as 3.0 and 1e3. */

const NUMBER = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/;
const INTEGER = /^-?[0-9]+$/;
/** A sign and the 19 digits of the largest int64. Longer ones are out of range, and slow to convert. */
const INTEGER_LENGTH_MAX = 20;

export type Integer = { readonly value: bigint } | "INVALID_FORMAT" | "OUT_OF_RANGE";

/** Reads an integer of 32 or 64 bits, with sign, from a JSON value. */
export function integerOf(json: unknown, bits: 32 | 64): Integer {
  const value = exactIntegerOf(json);
  if (typeof value !== "bigint") return value;
  return BigInt.asIntN(bits, value) === value ? { value } : "OUT_OF_RANGE";
}

function exactIntegerOf(json: unknown): bigint | "INVALID_FORMAT" | "OUT_OF_RANGE" {
  if (typeof json === "string") {
    if (!NUMBER.test(json)) return "INVALID_FORMAT";
    if (INTEGER.test(json)) return json.length > INTEGER_LENGTH_MAX ? "OUT_OF_RANGE" : BigInt(json);
    return exactIntegerOf(Number(json));
  }
  if (typeof json !== "number") return "INVALID_FORMAT";
  if (!Number.isFinite(json)) return "OUT_OF_RANGE";
  return Number.isInteger(json) ? BigInt(json) : "INVALID_FORMAT";
}
