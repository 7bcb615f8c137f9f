/** ProtoJSON (https://protobuf.dev/programming-guides/json/) of a SessionRecord → its protobuf bytes. */

import { SESSION_ATTEMPT_FIELDS, SESSION_RECORD_FIELDS, TIMESTAMP_FIELDS } from "./gen/fields.js";
import { ATTEMPTS_MAX } from "./gen/limits.js";
import { integerOf } from "./integer.js";
import { parseTimestamp } from "./timestamp.js";
import type { Reason, RefusedRecord, Violation } from "./violation.js";
import {
  createReverseWriter,
  type ReverseWriter,
  writeInteger,
  writeLength,
  writeText,
  writeVarint,
  writtenBytes,
  writtenLength,
} from "./wire/reverse_writer.js";
import { writeStruct } from "./wire/struct.js";

type RecordFields = typeof SESSION_RECORD_FIELDS;
type FieldType = RecordFields[keyof RecordFields]["type"];

interface Field {
  readonly name: string;
  readonly camel: string;
  readonly number: number;
  readonly tag: number;
  readonly type: FieldType;
}

/** From the last to the first, as they are written. */
const RECORD_FIELDS = fieldsOf(SESSION_RECORD_FIELDS);
const ATTEMPT_FIELDS = fieldsOf(SESSION_ATTEMPT_FIELDS);

function fieldsOf(fields: Readonly<Record<string, Pick<Field, "number" | "tag" | "type">>>): readonly Field[] {
  const camelCase = (name: string) => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return Object.entries(fields)
    .map(([name, { number, tag, type }]) => ({ name, camel: camelCase(name), number, tag, type }))
    .sort((a, b) => b.number - a.number);
}

/** A key that a field path may contain; others may be anything. */
const PLAIN_KEY = /^[A-Za-z0-9_-]{1,64}$/;

interface Encoding {
  readonly writer: ReverseWriter;
  /** By field. */
  readonly violations: Map<string, Violation>;
}

type JsonObject = Readonly<Record<string, unknown>>;

/** The protobuf bytes of a SessionRecord. */
interface EncodedRecord {
  readonly ok: true;
  readonly bytes: Uint8Array;
}

/**
 * ProtoJSON text of one record, a row for example, → protobuf bytes of SessionRecord.
 *
 * Strict about types; takes names in snake_case and camelCase, integers as numbers or strings, timestamps with any
 * offset, and null for an absent field. Refuses unknown keys, and text with half of a surrogate pair. The rules for
 * values are applied later, when the bytes become a row. Never throws.
 */
export function recordJsonToBytes(text: string): EncodedRecord | RefusedRecord {
  return recordObjectToBytes(parseJson(text));
}

/** The same of JSON that has been parsed; undefined is no JSON. */
export function recordObjectToBytes(json: unknown): EncodedRecord | RefusedRecord {
  const encoding: Encoding = { writer: createReverseWriter(), violations: new Map() };
  if (isObject(json)) writeMessage(encoding, json, RECORD_FIELDS, "record");
  else report(encoding, "record", "INVALID_ENCODING", "expected a JSON object");
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

function report({ violations }: Encoding, field: string, reason: Reason, description: string): void {
  if (!violations.has(field)) violations.set(field, { field, reason, description });
}

function writeMessage(encoding: Encoding, json: JsonObject, fields: readonly Field[], path: string): void {
  const known = new Set<string>();
  for (const field of fields) {
    const { name, camel } = field;
    known.add(name).add(camel);
    if (camel !== name && Object.hasOwn(json, name) && Object.hasOwn(json, camel)) {
      report(encoding, `${path}.${name}`, "INVALID_FORMAT", `is given twice, as ${name} and as ${camel}`);
    }
    const value = Object.hasOwn(json, name) ? json[name] : json[camel];
    const wrong = value === undefined || value === null ? undefined : writeField(encoding, field, value, path);
    if (wrong !== undefined) report(encoding, `${path}.${name}`, wrong.reason, wrong.description);
    if (!encoding.writer.well_formed) {
      // Like bytes that are not UTF-8, this is reported for the whole record.
      report(encoding, "record", "INVALID_ENCODING", `${name} is not valid Unicode: half of a surrogate pair`);
      encoding.writer.well_formed = true;
    }
  }
  for (const key of Object.keys(json)) {
    if (known.has(key)) continue;
    if (PLAIN_KEY.test(key)) report(encoding, `${path}.${key}`, "NOT_ALLOWED", "is not a field of the record");
    else report(encoding, path, "NOT_ALLOWED", "has a key that is not a field of the record");
  }
}

/** What is wrong with a field's value. */
interface Wrong {
  readonly reason: Reason;
  readonly description: string;
}

function expected(what: string): Wrong {
  return { reason: "INVALID_FORMAT", description: `expected ${what}` };
}

/** Writes a field, or nothing when it has its default value. `path` is that of its message. */
function writeField(encoding: Encoding, { tag, type }: Field, value: unknown, path: string): Wrong | undefined {
  const { writer } = encoding;
  const mark = writtenLength(writer);
  switch (type) {
    case "string":
      if (typeof value !== "string") return expected("a string");
      if (value === "") return undefined;
      writeText(writer, value);
      break;

    case "int32":
    case "int64": {
      const integer = integerOf(value, type === "int32" ? 32 : 64);
      if (integer === "INVALID_FORMAT") return expected("an integer");
      if (integer === "OUT_OF_RANGE") return { reason: integer, description: `expected an ${type}` };
      writeIntegerField(writer, tag, integer.value);
      return undefined;
    }

    case "bool":
      if (typeof value !== "boolean") return expected("true or false");
      writeVarint(writer, value ? 1 : 0);
      break;

    case "google.protobuf.Timestamp": {
      const timestamp = typeof value === "string" ? parseTimestamp(value) : undefined;
      if (timestamp === undefined) return expected("an RFC 3339 time, such as 2026-05-02T05:22:09.5Z");
      writeIntegerField(writer, TIMESTAMP_FIELDS.nanos.tag, BigInt(timestamp.nanos));
      writeIntegerField(writer, TIMESTAMP_FIELDS.seconds.tag, BigInt(timestamp.seconds));
      writeLength(writer, mark);
      break;
    }

    case "sessionlog.v1.SessionAttempt":
      return Array.isArray(value) ? writeAttempts(encoding, tag, value, `${path}.attempts`) : expected("a list");

    case "google.protobuf.Struct":
      if (!isObject(value)) return expected("an object");
      writeStruct(writer, value);
      writeLength(writer, mark);
      break;
  }
  writeVarint(writer, tag);
  return undefined;
}

function writeIntegerField(writer: ReverseWriter, tag: number, value: bigint): void {
  if (value === 0n) return;
  writeInteger(writer, value);
  writeVarint(writer, tag);
}

function writeAttempts(encoding: Encoding, tag: number, attempts: readonly unknown[], path: string): Wrong | undefined {
  const { writer } = encoding;
  if (attempts.length > ATTEMPTS_MAX) {
    // The items of a list that is too long are not checked: there may be very many.
    return { reason: "TOO_LONG", description: `expected at most ${ATTEMPTS_MAX}` };
  }
  for (let index = attempts.length - 1; index >= 0; index--) {
    const attempt: unknown = attempts[index];
    const mark = writtenLength(writer);
    if (isObject(attempt)) writeMessage(encoding, attempt, ATTEMPT_FIELDS, `${path}[${index}]`);
    else report(encoding, `${path}[${index}]`, "INVALID_FORMAT", "expected an object");
    writeLength(writer, mark);
    writeVarint(writer, tag);
  }
  return undefined;
}
