/** A record → the bytes of sessionlog.v1.SessionRecord, which are its snapshot. */
import { randomFillSync } from "node:crypto";
import { sessionSchema } from "@sessionlog/protocol/gen/session_schema";
import type { Violation } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import {
  closeWriter,
  copyWritten,
  fits,
  openWriter,
  type RowWriter,
  refuse,
  writeInteger,
  writeLength,
  writeText,
  writeVarint,
  writtenLength,
} from "@sessionlog/protocol/wire/reverse_writer";
import { writeArtifact } from "./encode_artifact.js";
import { cutText, toText } from "./text.js";

// The service cuts these texts to as many code points; done here as well, a long one costs no buffer and no row.
const PROMPT_CODE_POINTS = sessionSchema.properties.prompt.maxLength;
const ERROR_CODE_POINTS = sessionSchema.properties.attempts.items.properties.error.maxLength;

/** What is put where a record has nothing. */
export interface RowStamps {
  /** Empty: the service decides. */
  readonly daemon: string;
  now_ms(): number;
}

export type EncodedRow =
  | { readonly ok: true; readonly bytes: Buffer }
  | { readonly ok: false; readonly violations: readonly Violation[] };

type Fields = Readonly<Record<string, unknown>>;

/**
 * The record's bytes, with a session_id, a timestamp and a daemon where it has none: so the service knows it again when
 * it is sent twice. Never throws: a record that no `bytes_max` bytes can say is refused with a violation.
 */
export function encodeRecord(record: unknown, stamps: RowStamps, bytes_max: number): EncodedRow {
  const writer = openWriter(bytes_max);
  try {
    if (writeRecord(writer, record, stamps) && fits(writer)) return { ok: true, bytes: copyWritten(writer) };
    return { ok: false, violations: writer.fault === undefined ? [] : [writer.fault] };
  } catch (error) {
    // A getter, a proxy or a toJSON of the daemon's own.
    const description = `cannot be encoded: ${describeError(error)}`;
    return { ok: false, violations: [{ field: "record", reason: "INVALID_FORMAT", description }] };
  } finally {
    closeWriter(writer);
  }
}

/** What an error says, whatever was thrown. */
export function describeError(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : `${error}`;
  } catch {
    // An error that cannot tell itself must not hide what happened.
    return "an error without a message";
  }
}

/** Fields from the last to the first. */
function writeRecord(writer: RowWriter, record: unknown, stamps: RowStamps): boolean {
  if (!isFields(record)) return refuse(writer, "record", "INVALID_FORMAT", "expected an object");
  const text = (tag: number, name: string, code_points_max = 0) =>
    writeTextField(writer, tag, record[name], "record.", name, code_points_max);
  const integer = (tag: number, name: string, bits: 32 | 64 = 32) =>
    writeIntegerField(writer, tag, record[name], "record.", name, bits);
  return (
    integer(0x78, "duration_ms", 64) &&
    writeGrounded(writer, record.grounded_in_roster) &&
    writeArtifactField(writer, record.artifact) &&
    writeAttempts(writer, record.attempts) &&
    text(0x5a, "final_verdict") &&
    integer(0x50, "max_iterations") &&
    integer(0x48, "iterations") &&
    text(0x42, "prompt", PROMPT_CODE_POINTS) &&
    text(0x3a, "provider") &&
    text(0x32, "model") &&
    text(0x2a, "kind") &&
    (isEmpty(record.daemon)
      ? writeTextField(writer, 0x22, stamps.daemon, "record.", "daemon", 0)
      : text(0x22, "daemon")) &&
    writeTimestamp(writer, record.timestamp, stamps) &&
    (isEmpty(record.session_id) ? writeNewSessionId(writer) : text(0x12, "session_id")) &&
    text(0x0a, "schema")
  );
}

function writeAttempts(writer: RowWriter, attempts: unknown): boolean {
  if (attempts === undefined || attempts === null) return true;
  if (!Array.isArray(attempts)) return refuse(writer, "record.attempts", "INVALID_FORMAT", "expected a list");
  for (let index = attempts.length - 1; index >= 0; index--) {
    const attempt: unknown = attempts[index];
    const path = `record.attempts[${index}].`;
    if (!isFields(attempt)) return refuse(writer, path.slice(0, -1), "INVALID_FORMAT", "expected an object");
    const mark = writtenLength(writer);
    const written =
      writeTextField(writer, 0x22, attempt.span_id, path, "span_id", 0) &&
      writeTextField(writer, 0x1a, attempt.error, path, "error", ERROR_CODE_POINTS) &&
      writeTextField(writer, 0x12, attempt.verdict_kind, path, "verdict_kind", 0) &&
      writeIntegerField(writer, 0x08, attempt.iteration, path, "iteration", 32);
    if (!written) return false;
    writeLength(writer, mark);
    writeVarint(writer, 0x62);
    if (!fits(writer)) return false;
  }
  return true;
}

function writeArtifactField(writer: RowWriter, artifact: unknown): boolean {
  if (artifact === undefined || artifact === null) return true;
  const mark = writtenLength(writer);
  if (!writeArtifact(writer, artifact)) return false;
  writeLength(writer, mark);
  writeVarint(writer, 0x6a);
  return true;
}

function writeGrounded(writer: RowWriter, grounded: unknown): boolean {
  if (grounded === undefined || grounded === null) return true;
  if (typeof grounded !== "boolean") {
    return refuse(writer, "record.grounded_in_roster", "INVALID_FORMAT", "expected true or false");
  }
  writeVarint(writer, grounded ? 1 : 0);
  writeVarint(writer, 0x70);
  return true;
}

function writeTimestamp(writer: RowWriter, timestamp: unknown, stamps: RowStamps): boolean {
  let seconds: unknown;
  let nanos: unknown;
  if (timestamp === undefined || timestamp === null || timestamp instanceof Date) {
    const time_ms = timestamp instanceof Date ? timestamp.getTime() : stamps.now_ms();
    seconds = Math.floor(time_ms / 1_000);
    nanos = Math.floor(time_ms - Math.floor(time_ms / 1_000) * 1_000) * 1_000_000;
  } else if (isFields(timestamp)) ({ seconds, nanos } = timestamp);
  const mark = writtenLength(writer);
  // An invalid Date is NaN, which no integer is.
  const written =
    writeIntegerField(writer, 0x10, nanos, "record.", "timestamp", 32) &&
    writeIntegerField(writer, 0x08, seconds ?? Number.NaN, "record.", "timestamp", 64);
  if (!written) return false;
  writeLength(writer, mark);
  writeVarint(writer, 0x1a);
  return true;
}

const HEX = Buffer.from("0123456789abcdef");
/** Random bytes are made for many ids at once. */
const random = Buffer.alloc(4_096);
let random_at = random.length;

function writeNewSessionId(writer: RowWriter): true {
  if (random_at === random.length) {
    randomFillSync(random);
    random_at = 0;
  }
  let id = "";
  for (const end = random_at + 16; random_at < end; random_at++) {
    const byte = random[random_at] ?? 0;
    id += String.fromCharCode(HEX[byte >> 4] ?? 0, HEX[byte & 15] ?? 0);
  }
  writeText(writer, id);
  writeVarint(writer, 0x12);
  return true;
}

function writeTextField(
  writer: RowWriter,
  tag: number,
  value: unknown,
  path: string,
  name: string,
  code_points_max: number,
): boolean {
  if (isEmpty(value)) return true;
  if (typeof value !== "string" && !(value instanceof Uint8Array)) {
    return refuse(writer, path + name, "INVALID_FORMAT", `expected a text, found a ${typeof value}`);
  }
  const text = code_points_max > 0 ? cutText(value, code_points_max) : value;
  // UTF-8 has no fewer bytes, and what it repairs becomes no shorter.
  if (!fits(writer, text.length)) return false;
  writeText(writer, toText(text));
  writeVarint(writer, tag);
  return true;
}

function writeIntegerField(
  writer: RowWriter,
  tag: number,
  value: unknown,
  path: string,
  name: string,
  bits: 32 | 64,
): boolean {
  if (value === undefined || value === null || value === 0) return true;
  const integer = typeof value === "number" ? Math.trunc(value) : value;
  if (typeof integer !== "bigint" && (typeof integer !== "number" || Number.isNaN(integer))) {
    return refuse(writer, path + name, "INVALID_FORMAT", "expected an integer");
  }
  // Both limits are powers of two, which doubles hold exactly.
  const limit = 2 ** (bits - 1);
  if (integer < -limit || integer >= limit) {
    return refuse(writer, path + name, "OUT_OF_RANGE", `expected an integer of ${bits} bits`);
  }
  writeInteger(writer, integer);
  writeVarint(writer, tag);
  return true;
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
