/** Requests around record bytes that are encoded already; these are passed on unchanged, unknown fields included. */
import { Metadata } from "@grpc/grpc-js";
import { APPEND_SESSION_REQUEST_FIELDS, BATCH_APPEND_SESSIONS_REQUEST_FIELDS } from "@sessionlog/protocol/gen/fields";
import { AppendSessionRequest, BatchAppendSessionsRequest } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";

/** The bytes of an AppendSessionRequest; without a record when `record` is undefined. */
export function encodeAppendRequest(record: Uint8Array | undefined, validate_only: boolean): Buffer {
  const writer = AppendSessionRequest.encode({ record: undefined, validate_only: false });
  if (record !== undefined) writer.uint32(APPEND_SESSION_REQUEST_FIELDS.record.tag).bytes(record);
  return toBuffer(AppendSessionRequest.encode({ record: undefined, validate_only }, writer).finish());
}

/** The bytes of a BatchAppendSessionsRequest. */
export function encodeBatchRequest(records: readonly Uint8Array[]): Buffer {
  const writer = BatchAppendSessionsRequest.encode({ records: [] });
  for (const record of records) writer.uint32(BATCH_APPEND_SESSIONS_REQUEST_FIELDS.records.tag).bytes(record);
  return toBuffer(writer.finish());
}

/** The same bytes, as grpc-js wants them. */
export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Metadata of a request, for example `{ "x-lakehouse-trace-id": "…" }`. */
export function toMetadata(pairs: Readonly<Record<string, string>> = {}): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(pairs)) metadata.set(key, value);
  return metadata;
}
