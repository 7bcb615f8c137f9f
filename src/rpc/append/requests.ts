/**
 * Requests, read by hand: grpc-js answers INTERNAL when a deserialiser throws, and the records are needed as the bytes
 * they came in.
 */
import { APPEND_SESSION_REQUEST_FIELDS, BATCH_APPEND_SESSIONS_REQUEST_FIELDS } from "@sessionlog/protocol/gen/fields";
import { type Cursor, createCursor, readBool, readBytes, readTag, skipField } from "@sessionlog/protocol/wire/reader";
import type { RefusedRecord } from "../../record/index.js";

/** A record as it came: its protobuf bytes, or what is wrong with a JSON object that has no such bytes. */
export type SentRecord = Uint8Array | RefusedRecord;

/** A request that cannot be read; `description` contains where and why. */
export interface BrokenRequest {
  readonly ok: false;
  readonly description: string;
}

/** AppendSessionRequest. */
export interface AppendRequest<Sent extends SentRecord = SentRecord> {
  readonly ok: true;
  /** A view into the request, unless the field came in several pieces, which protobuf joins. */
  readonly record: Sent | undefined;
  readonly validate_only: boolean;
}

/** BatchAppendSessionsRequest. */
export interface BatchRequest<Sent extends SentRecord = SentRecord> {
  readonly ok: true;
  /** Views into the request, at most `records_max + 1` of them: the last one only says that there are too many. */
  readonly records: readonly Sent[];
  /** Of the request. */
  readonly bytes: number;
}

/** Reads an AppendSessionRequest. Unknown fields, and known ones of another wire type, are skipped. */
export function readAppendRequest(bytes: Uint8Array): AppendRequest<Uint8Array> | BrokenRequest {
  const fields = APPEND_SESSION_REQUEST_FIELDS;
  const cursor = createCursor(bytes);
  const pieces: Uint8Array[] = [];
  let validate_only = false;
  while (cursor.at < cursor.end) {
    const tag = readTag(cursor);
    if (tag === fields.record.tag) pieces.push(readBytes(cursor));
    else if (tag === fields.validate_only.tag) validate_only = readBool(cursor);
    else skipField(cursor, tag);
  }
  if (cursor.fault !== "") return broken(cursor);
  return { ok: true, record: pieces.length > 1 ? Buffer.concat(pieces) : pieces[0], validate_only };
}

/** Reads a BatchAppendSessionsRequest, as far as one record past `records_max`. */
export function readBatchRequest(bytes: Uint8Array, records_max: number): BatchRequest<Uint8Array> | BrokenRequest {
  const cursor = createCursor(bytes);
  const records: Uint8Array[] = [];
  while (cursor.at < cursor.end && records.length <= records_max) {
    const tag = readTag(cursor);
    if (tag === BATCH_APPEND_SESSIONS_REQUEST_FIELDS.records.tag) records.push(readBytes(cursor));
    else skipField(cursor, tag);
  }
  return cursor.fault === "" ? { ok: true, records, bytes: bytes.length } : broken(cursor);
}

function broken({ fault, fault_at }: Cursor): BrokenRequest {
  return { ok: false, description: `the request is not a protobuf message: ${fault} at byte ${fault_at}` };
}
