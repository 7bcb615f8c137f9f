/** Protobuf bytes of sessionlog.v1.SessionRecord → its fields as they were sent. */

import {
  SESSION_ATTEMPT_FIELDS as ATTEMPT,
  SESSION_RECORD_FIELDS as RECORD,
  TIMESTAMP_FIELDS as TIMESTAMP,
} from "@sessionlog/protocol/gen/fields";
import { type SessionAttempt, SessionRecord } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
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

/** A record as it was sent; its artifact is not read as the generated code does, which loses and reorders keys. */
export interface DecodedRecord extends Omit<SessionRecord, "artifact"> {
  artifact: Container | undefined;
}

export type Decoded =
  | { readonly ok: true; readonly record: DecodedRecord }
  /** The bytes are not a record; `fault` says why, naming the field where one is to blame. */
  | { readonly ok: false; readonly fault: string };

const NAMES: (keyof typeof RECORD)[] = [];
for (const { name, tag } of Object.values(RECORD)) NAMES[tag] = name;
const EMPTY: DecodedRecord = { ...SessionRecord.decode(new Uint8Array()), artifact: undefined };

/**
 * Decodes as protobuf does: the last of several scalars counts, messages merge, unknown fields and known ones of another
 * wire type are skipped. Attempts beyond `attempts_max` + 1 are checked and dropped: that many are too many already.
 */
export function decodeRecord(bytes: Uint8Array, attempts_max: number): Decoded {
  const cursor = createCursor(bytes);
  cursor.latin1 = cursor.bytes.toString("latin1");
  const record: DecodedRecord = { ...EMPTY, attempts: [] };
  const { end } = cursor;
  while (cursor.at < end) {
    readRecordField(cursor, record, attempts_max);
    cursor.end = end;
  }
  return cursor.fault === "" ? { ok: true, record } : { ok: false, fault: cursor.fault };
}

function readRecordField(cursor: Cursor, record: DecodedRecord, attempts_max: number): void {
  const tag = readTag(cursor);
  const name = NAMES[tag];
  switch (name) {
    case "schema":
    case "session_id":
    case "daemon":
    case "kind":
    case "model":
    case "provider":
    case "prompt":
    case "final_verdict":
      record[name] = readText(cursor, name);
      return;
    case "iterations":
    case "max_iterations":
      record[name] = readInt32(cursor);
      return;
    case "timestamp":
      record.timestamp = readTimestamp(cursor, record.timestamp ?? { seconds: 0, nanos: 0 });
      return;
    case "attempts": {
      const attempt = readAttempt(cursor);
      if (record.attempts.length <= attempts_max) record.attempts.push(attempt);
      return;
    }
    case "artifact":
      record.artifact ??= createContainer(false);
      cursor.end = readEnd(cursor);
      readStruct(cursor, record.artifact);
      return;
    case "grounded_in_roster":
      record.grounded_in_roster = readBool(cursor);
      return;
    case "duration_ms":
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
    if (tag === TIMESTAMP.seconds.tag) seconds = readInt64(cursor);
    else if (tag === TIMESTAMP.nanos.tag) nanos = readInt32(cursor);
    else skipField(cursor, tag);
  }
  return { seconds, nanos };
}

function readAttempt(cursor: Cursor): SessionAttempt {
  const end = readEnd(cursor);
  cursor.end = end;
  const attempt: SessionAttempt = { iteration: 0, verdict_kind: "", error: "", span_id: "" };
  while (cursor.at < end) {
    const tag = readTag(cursor);
    if (tag === ATTEMPT.iteration.tag) attempt.iteration = readInt32(cursor);
    else if (tag === ATTEMPT.verdict_kind.tag) attempt.verdict_kind = readText(cursor, "verdict_kind of an attempt");
    else if (tag === ATTEMPT.error.tag) attempt.error = readText(cursor, "error of an attempt");
    else if (tag === ATTEMPT.span_id.tag) attempt.span_id = readText(cursor, "span_id of an attempt");
    else skipField(cursor, tag);
  }
  return attempt;
}
