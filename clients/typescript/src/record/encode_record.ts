/** A record → the bytes of sessionlog.v1.SessionRecord, which are its snapshot. */
import { randomBytes } from "node:crypto";
import { isUint8Array } from "node:util/types";
import { SESSION_RECORD_FIELDS } from "@sessionlog/protocol/gen/fields";
import type { Timestamp } from "@sessionlog/protocol/gen/google/protobuf/timestamp";
import { ATTEMPTS_MAX, ERROR_CODE_POINTS_MAX, PROMPT_CODE_POINTS_MAX } from "@sessionlog/protocol/gen/limits";
import { type SessionAttempt, SessionRecord, type Violation } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { encodeArtifact } from "./encode_artifact.js";
import { refuse, refusing, violationOr } from "./refusal.js";
import { cutText, TEXT_LENGTH_MAX, toText } from "./text.js";

/** What a record gets where it has nothing. */
export interface RecordStamps {
  /** Empty: the service decides. */
  readonly daemon: string;
  now_ms(): number;
  /** The session_id of a record without one; empty: a random one. */
  trace_id(): string;
}

export type EncodedRecord =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | {
      readonly ok: false;
      readonly violations: readonly Violation[];
      /** The record without the field that is refused, for messages and the file of refused rows; undefined when that
       * cannot be encoded either. */
      readonly rest: Uint8Array | undefined;
    };

/** All fields with their defaults, of which nothing is written. */
const EMPTY_RECORD = SessionRecord.decode(new Uint8Array());
const INT32_MAX = 2 ** 31 - 1;
/** Tag and length of a text field, at least. */
const TEXT_BYTES_MIN = 2;

/**
 * The record's bytes, fields by rising number, with a session_id, a timestamp and a daemon where it has none: so the
 * service recognises it when it is sent twice. Never throws: a record that cannot be encoded in `bytes_max` bytes is
 * refused with a violation.
 */
export function encodeRecord(record: unknown, stamps: RecordStamps, bytes_max: number): EncodedRecord {
  const encodeWithout = (without: string) =>
    violationOr(() => {
      if (!isObject(record)) return refuse("record", "INVALID_FORMAT", "expected an object");
      return encode({ object: record, path: "record", without, size: { bytes_max, bytes: 0 } }, stamps);
    });
  const result = encodeWithout("");
  if ("value" in result) return { ok: true, bytes: result.value };
  const { violation } = result;
  const name = /^record\.(\w+)/.exec(violation.field)?.[1];
  const rest = name === undefined ? result : encodeWithout(name);
  return { ok: false, violations: [violation], rest: "value" in rest ? rest.value : undefined };
}

/** A message as the caller has it. */
interface Source {
  readonly object: object;
  readonly path: string;
  /** The name of a field that is left out; empty: none. */
  readonly without: string;
  readonly size: Size;
}

/** `bytes` is a lower bound of what was read so far. */
interface Size {
  readonly bytes_max: number;
  bytes: number;
}

function encode(source: Source, stamps: RecordStamps): Uint8Array {
  const before = {
    ...EMPTY_RECORD,
    schema: text(source, "schema"),
    session_id: text(source, "session_id") || stamps.trace_id() || randomBytes(16).toString("hex"),
    timestamp: timestamp(source, stamps),
    daemon: text(source, "daemon") || stamps.daemon,
    kind: text(source, "kind"),
    model: text(source, "model"),
    provider: text(source, "provider"),
    prompt: text(source, "prompt", PROMPT_CODE_POINTS_MAX),
    iterations: int32(source, "iterations"),
    max_iterations: int32(source, "max_iterations"),
    final_verdict: text(source, "final_verdict"),
    attempts: attempts(source),
  };
  const { bytes_max } = source.size;
  const given = read(source, "artifact");
  const artifact = given === undefined ? undefined : encodeArtifact(given, bytes_max);
  const after = {
    ...EMPTY_RECORD,
    grounded_in_roster: grounded(source),
    duration_ms: integer(read(source, "duration_ms"), `${source.path}.duration_ms`, Number.MAX_SAFE_INTEGER),
  };
  const writer = SessionRecord.encode(before);
  if (artifact !== undefined) writer.uint32(SESSION_RECORD_FIELDS.artifact.tag).bytes(artifact);
  const bytes = SessionRecord.encode(after, writer).finish();
  return bytes.length > bytes_max ? tooLong("record", bytes_max) : bytes;
}

function attempts(source: Source): SessionAttempt[] {
  const field = `${source.path}.attempts`;
  const list = read(source, "attempts") ?? [];
  if (!Array.isArray(list)) return refuse(field, "INVALID_FORMAT", "expected a list");
  if (list.length > ATTEMPTS_MAX) return refuse(field, "TOO_LONG", `expected at most ${ATTEMPTS_MAX}`);
  const encoded: SessionAttempt[] = [];
  for (let index = 0; index < list.length; index++) {
    const object: unknown = list[index];
    const path = `${field}[${index}]`;
    if (!isObject(object)) return refuse(path, "INVALID_FORMAT", "expected an object");
    const attempt = { object, path, without: "", size: source.size };
    encoded.push({
      iteration: int32(attempt, "iteration"),
      verdict_kind: text(attempt, "verdict_kind"),
      error: text(attempt, "error", ERROR_CODE_POINTS_MAX),
      span_id: text(attempt, "span_id"),
    });
  }
  return encoded;
}

function grounded(source: Source): boolean | undefined {
  const value = read(source, "grounded_in_roster");
  if (value === undefined || typeof value === "boolean") return value;
  return refuse(`${source.path}.grounded_in_roster`, "INVALID_FORMAT", "expected true or false");
}

function timestamp(source: Source, stamps: RecordStamps): Timestamp {
  const field = `${source.path}.timestamp`;
  const { seconds, nanos } = refusing(field, () => timeOf(read(source, "timestamp") ?? new Date(stamps.now_ms())));
  return {
    seconds: integer(seconds ?? Number.NaN, field, Number.MAX_SAFE_INTEGER),
    nanos: integer(nanos ?? 0, field, INT32_MAX),
  };
}

function timeOf(value: unknown): { readonly seconds?: unknown; readonly nanos?: unknown } {
  if (value instanceof Date) {
    const seconds = Math.floor(value.getTime() / 1_000);
    return { seconds, nanos: (value.getTime() - seconds * 1_000) * 1_000_000 };
  }
  return isObject(value) ? { seconds: Reflect.get(value, "seconds"), nanos: Reflect.get(value, "nanos") } : {};
}

/** A text, repaired, of which the first `code_points_max` code points are kept; empty where there is none. */
function text(source: Source, name: string, code_points_max = Number.POSITIVE_INFINITY): string {
  const { size, path } = source;
  const field = `${path}.${name}`;
  const value = read(source, name) ?? "";
  if (typeof value !== "string" && !isUint8Array(value)) {
    return refuse(field, "INVALID_FORMAT", `expected a text, found a ${typeof value}`);
  }
  if (value.length === 0) return "";
  const kept = code_points_max < value.length ? cutText(value, code_points_max) : value;
  // Repaired UTF-8 has no fewer bytes; a text that is too long is not copied.
  if (kept.length > size.bytes_max || kept.length > TEXT_LENGTH_MAX) return tooLong(field, size.bytes_max);
  const repaired = toText(kept);
  const bytes = Buffer.byteLength(repaired) + TEXT_BYTES_MIN;
  if (bytes > size.bytes_max) return tooLong(field, size.bytes_max);
  size.bytes += bytes;
  return size.bytes > size.bytes_max ? tooLong("record", size.bytes_max) : repaired;
}

function int32(source: Source, name: string): number {
  return integer(read(source, name), `${source.path}.${name}`, INT32_MAX);
}

/** The whole part of a number from −max − 1 to max; 0 for undefined. */
function integer(value: unknown, field: string, max: number): number {
  if (value === undefined) return 0;
  const whole = typeof value === "number" || typeof value === "bigint" ? Math.trunc(Number(value)) : Number.NaN;
  if (Number.isNaN(whole)) return refuse(field, "INVALID_FORMAT", "expected an integer");
  if (whole > max || whole < -max - 1) return refuse(field, "OUT_OF_RANGE", `expected an integer of at most ${max}`);
  return whole;
}

/** A field as the caller has it, undefined also for null. */
function read({ object, path, without }: Source, name: string): unknown {
  if (name === without) return undefined;
  return refusing(`${path}.${name}`, () => Reflect.get(object, name) ?? undefined);
}

function tooLong(field: string, bytes_max: number): never {
  return refuse(field, "TOO_LONG", `expected at most ${bytes_max} bytes`);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
