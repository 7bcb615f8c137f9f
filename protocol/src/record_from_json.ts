/** ProtoJSON (https://protobuf.dev/programming-guides/json/) of a SessionRecord → its protobuf bytes. */

import { ATTEMPTS_MAX } from "./gen/limits.js";
import { integerOf } from "./integer.js";
import { parseTimestamp } from "./timestamp.js";
import type { Reason, RefusedRecord, Violation } from "./violation.js";
import {
  type BackwardWriter,
  createBackwardWriter,
  writeLength,
  writeSigned,
  writeText,
  writeUnsigned,
  writtenBytes,
  writtenLength,
} from "./wire/backward_writer.js";
import { isWellFormed, writeStruct } from "./wire/struct.js";

type FieldType = "text" | "int32" | "int64" | "optional_bool" | "timestamp" | "attempts" | "struct";

/** A message's fields in the order of their numbers, which are 1, 2, 3 … */
type Fields = readonly (readonly [name: string, type: FieldType])[];

const RECORD_FIELDS: Fields = [
  ["schema", "text"],
  ["session_id", "text"],
  ["timestamp", "timestamp"],
  ["daemon", "text"],
  ["kind", "text"],
  ["model", "text"],
  ["provider", "text"],
  ["prompt", "text"],
  ["iterations", "int32"],
  ["max_iterations", "int32"],
  ["final_verdict", "text"],
  ["attempts", "attempts"],
  ["artifact", "struct"],
  ["grounded_in_roster", "optional_bool"],
  ["duration_ms", "int64"],
];

const ATTEMPT_FIELDS: Fields = [
  ["iteration", "int32"],
  ["verdict_kind", "text"],
  ["error", "text"],
  ["span_id", "text"],
];

const VARINT = 0;
const LENGTH = 2;

/** A key that may stand in a field path; others may be anything. */
const PLAIN_KEY = /^[A-Za-z0-9_-]{1,64}$/;

interface Encoding {
  readonly writer: BackwardWriter;
  /** By field. */
  readonly violations: Map<string, Violation>;
}

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * ProtoJSON text of one record, a row for example, → protobuf bytes of SessionRecord.
 *
 * Strict about types; takes names in snake_case and camelCase, integers as numbers or strings, timestamps with any
 * offset, and null for a field that is not there. Refuses unknown keys, and text with half of a surrogate pair. What the
 * values may be is judged later, by the one who turns the bytes into a row. Never throws.
 */
export function recordJsonToBytes(text: string): { readonly ok: true; readonly bytes: Uint8Array } | RefusedRecord {
  const encoding: Encoding = { writer: createBackwardWriter(), violations: new Map() };
  const json = parseJson(text);
  if (isObject(json)) writeMessage(encoding, json, RECORD_FIELDS, "record");
  else tell(encoding, "record", "INVALID_ENCODING", "expected a JSON object");
  const { writer, violations } = encoding;
  // Fields are written from the last to the first.
  if (violations.size > 0) return { ok: false, violations: [...violations.values()].reverse() };
  return { ok: true, bytes: writtenBytes(writer) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The error's message would quote the text.
    return undefined;
  }
}

function isObject(json: unknown): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function tell({ violations }: Encoding, field: string, reason: Reason, description: string): void {
  if (!violations.has(field)) violations.set(field, { field, reason, description });
}

function writeMessage(encoding: Encoding, json: JsonObject, fields: Fields, path: string): void {
  const known = new Set<string>();
  for (let number = fields.length; number > 0; number--) {
    const field = fields[number - 1];
    if (field === undefined) continue;
    const [name, type] = field;
    const camel = name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    known.add(name).add(camel);
    if (camel !== name && Object.hasOwn(json, name) && Object.hasOwn(json, camel)) {
      tell(encoding, `${path}.${name}`, "INVALID_FORMAT", `is given twice, as ${name} and as ${camel}`);
    }
    const value = Object.hasOwn(json, name) ? json[name] : json[camel];
    const wrong = value === undefined || value === null ? undefined : writeField(encoding, number, type, value, path);
    if (wrong === undefined) continue;
    // Text that no UTF-8 can say is a matter of the whole record, as bytes that are no UTF-8 are.
    if (wrong.reason === "INVALID_ENCODING") tell(encoding, "record", wrong.reason, `${name} ${wrong.description}`);
    else tell(encoding, `${path}.${name}`, wrong.reason, wrong.description);
  }
  for (const key of Object.keys(json)) {
    if (known.has(key)) continue;
    if (PLAIN_KEY.test(key)) tell(encoding, `${path}.${key}`, "NOT_ALLOWED", "is not a field of the record");
    else tell(encoding, path, "NOT_ALLOWED", "has a key that is not a field of the record");
  }
}

/** What is wrong with a field's value. */
interface Wrong {
  readonly reason: Reason;
  readonly description: string;
}

const NO_UNICODE: Wrong = { reason: "INVALID_ENCODING", description: "is not valid Unicode: half of a surrogate pair" };

function expected(what: string): Wrong {
  return { reason: "INVALID_FORMAT", description: `expected ${what}` };
}

/** Writes a field, or nothing when it has its default value. `path` is that of its message. */
function writeField(
  encoding: Encoding,
  number: number,
  type: FieldType,
  value: unknown,
  path: string,
): Wrong | undefined {
  const { writer } = encoding;
  const mark = writtenLength(writer);
  let wire_type = LENGTH;
  switch (type) {
    case "text":
      if (typeof value !== "string") return expected("a string");
      if (!isWellFormed(value)) return NO_UNICODE;
      if (value === "") return undefined;
      writeText(writer, value);
      break;

    case "int32":
    case "int64": {
      const integer = integerOf(value, type === "int32" ? 32 : 64);
      if (integer === "INVALID_FORMAT") return expected("an integer");
      if (integer === "OUT_OF_RANGE") return { reason: integer, description: `expected an ${type}` };
      writeInteger(writer, number, integer.value);
      return undefined;
    }

    case "optional_bool":
      if (typeof value !== "boolean") return expected("true or false");
      writeUnsigned(writer, value ? 1 : 0);
      wire_type = VARINT;
      break;

    case "timestamp": {
      const timestamp = typeof value === "string" ? parseTimestamp(value) : undefined;
      if (timestamp === undefined) return expected("an RFC 3339 time, such as 2026-05-02T05:22:09.5Z");
      writeInteger(writer, 2, BigInt(timestamp.nanos));
      writeInteger(writer, 1, BigInt(timestamp.seconds));
      writeLength(writer, mark);
      break;
    }

    case "attempts":
      return Array.isArray(value) ? writeAttempts(encoding, number, value, `${path}.attempts`) : expected("a list");

    case "struct":
      if (!isObject(value)) return expected("an object");
      if (!writeStruct(writer, value)) return NO_UNICODE;
      writeLength(writer, mark);
      break;
  }
  writeUnsigned(writer, (number << 3) | wire_type);
  return undefined;
}

function writeInteger(writer: BackwardWriter, number: number, value: bigint): void {
  if (value === 0n) return;
  writeSigned(writer, value);
  writeUnsigned(writer, (number << 3) | VARINT);
}

function writeAttempts(
  encoding: Encoding,
  number: number,
  attempts: readonly unknown[],
  path: string,
): Wrong | undefined {
  const { writer } = encoding;
  if (attempts.length > ATTEMPTS_MAX) {
    // Of a list that is too long the items are not judged: there may be very many.
    return { reason: "TOO_LONG", description: `expected at most ${ATTEMPTS_MAX}` };
  }
  for (let index = attempts.length - 1; index >= 0; index--) {
    const attempt: unknown = attempts[index];
    const mark = writtenLength(writer);
    if (isObject(attempt)) writeMessage(encoding, attempt, ATTEMPT_FIELDS, `${path}[${index}]`);
    else tell(encoding, `${path}[${index}]`, "INVALID_FORMAT", "expected an object");
    writeLength(writer, mark);
    writeUnsigned(writer, (number << 3) | LENGTH);
  }
  return undefined;
}
