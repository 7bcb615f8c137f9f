/** Protobuf bytes of sessionlog.v1.SessionRecord → its fields as they were sent. */

import type { Timestamp } from "@sessionlog/protocol/timestamp";
import {
  type Cursor,
  createCursor,
  readBool,
  readEnd,
  readInt32,
  readInt64,
  readTag,
  readText,
  skipField,
} from "@sessionlog/protocol/wire/reader";
import { type Container, createContainer, readStruct } from "./artifact_tree.js";

export interface DecodedAttempt {
  iteration: number;
  verdict_kind: string;
  error: string;
  span_id: string;
}

export interface DecodedRecord {
  schema: string;
  session_id: string;
  timestamp: Timestamp | undefined;
  daemon: string;
  kind: string;
  model: string;
  provider: string;
  prompt: string;
  iterations: number;
  max_iterations: number;
  final_verdict: string;
  attempts: DecodedAttempt[];
  artifact: Container | undefined;
  grounded_in_roster: boolean | undefined;
  duration_ms: number;
}

export type Decoded =
  | { readonly ok: true; readonly record: DecodedRecord }
  /** The bytes are no record; `fault` says why, naming the field where one is to blame. */
  | { readonly ok: false; readonly fault: string };

const VARINT = 0;
const LENGTH = 2;

/**
 * Decodes as protobuf does: the last of several scalars counts, messages merge, unknown fields and known ones of another
 * wire type are passed over. Attempts beyond `attempts_max` + 1 are checked and dropped: that many are too many already.
 */
export function decodeRecord(bytes: Uint8Array, attempts_max: number): Decoded {
  const cursor = createCursor(bytes);
  const record = emptyRecord();
  const { end } = cursor;
  while (cursor.at < end) {
    readRecordField(cursor, record, attempts_max);
    cursor.end = end;
  }
  return cursor.fault === "" ? { ok: true, record } : { ok: false, fault: cursor.fault };
}

function readRecordField(cursor: Cursor, record: DecodedRecord, attempts_max: number): void {
  const tag = readTag(cursor);
  switch (tag) {
    case (1 << 3) | LENGTH:
      record.schema = readText(cursor, "schema");
      return;
    case (2 << 3) | LENGTH:
      record.session_id = readText(cursor, "session_id");
      return;
    case (3 << 3) | LENGTH:
      record.timestamp = readTimestamp(cursor, record.timestamp ?? { seconds: 0, nanos: 0 });
      return;
    case (4 << 3) | LENGTH:
      record.daemon = readText(cursor, "daemon");
      return;
    case (5 << 3) | LENGTH:
      record.kind = readText(cursor, "kind");
      return;
    case (6 << 3) | LENGTH:
      record.model = readText(cursor, "model");
      return;
    case (7 << 3) | LENGTH:
      record.provider = readText(cursor, "provider");
      return;
    case (8 << 3) | LENGTH:
      record.prompt = readText(cursor, "prompt");
      return;
    case (9 << 3) | VARINT:
      record.iterations = readInt32(cursor);
      return;
    case (10 << 3) | VARINT:
      record.max_iterations = readInt32(cursor);
      return;
    case (11 << 3) | LENGTH:
      record.final_verdict = readText(cursor, "final_verdict");
      return;
    case (12 << 3) | LENGTH: {
      const attempt = readAttempt(cursor);
      if (record.attempts.length <= attempts_max) record.attempts.push(attempt);
      return;
    }
    case (13 << 3) | LENGTH:
      record.artifact ??= createContainer(false);
      cursor.end = readEnd(cursor);
      readStruct(cursor, record.artifact);
      return;
    case (14 << 3) | VARINT:
      record.grounded_in_roster = readBool(cursor);
      return;
    case (15 << 3) | VARINT:
      record.duration_ms = readInt64(cursor);
      return;
    default:
      skipField(cursor, tag);
  }
}

function readTimestamp(cursor: Cursor, before: Timestamp): Timestamp {
  const end = readEnd(cursor);
  cursor.end = end;
  let { seconds, nanos } = before;
  while (cursor.at < end) {
    const tag = readTag(cursor);
    if (tag === ((1 << 3) | VARINT)) seconds = readInt64(cursor);
    else if (tag === ((2 << 3) | VARINT)) nanos = readInt32(cursor);
    else skipField(cursor, tag);
  }
  return { seconds, nanos };
}

function readAttempt(cursor: Cursor): DecodedAttempt {
  const end = readEnd(cursor);
  cursor.end = end;
  const attempt: DecodedAttempt = { iteration: 0, verdict_kind: "", error: "", span_id: "" };
  while (cursor.at < end) {
    const tag = readTag(cursor);
    if (tag === ((1 << 3) | VARINT)) attempt.iteration = readInt32(cursor);
    else if (tag === ((2 << 3) | LENGTH)) attempt.verdict_kind = readText(cursor, "verdict_kind of an attempt");
    else if (tag === ((3 << 3) | LENGTH)) attempt.error = readText(cursor, "error of an attempt");
    else if (tag === ((4 << 3) | LENGTH)) attempt.span_id = readText(cursor, "span_id of an attempt");
    else skipField(cursor, tag);
  }
  return attempt;
}

function emptyRecord(): DecodedRecord {
  return {
    schema: "",
    session_id: "",
    timestamp: undefined,
    daemon: "",
    kind: "",
    model: "",
    provider: "",
    prompt: "",
    iterations: 0,
    max_iterations: 0,
    final_verdict: "",
    attempts: [],
    artifact: undefined,
    grounded_in_roster: undefined,
    duration_ms: 0,
  };
}
