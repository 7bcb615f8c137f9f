/** Requests around record bytes that are encoded already: the bytes are passed on unchanged, unknown fields included. */
import { AppendSessionRequest, BatchAppendSessionsRequest } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";

/** Field 1, length-delimited: AppendSessionRequest.record and BatchAppendSessionsRequest.records alike. */
const RECORD_TAG = (1 << 3) | 2;

/** The bytes of an AppendSessionRequest; without a record when `record` is undefined. */
export function encodeAppendRequest(record: Uint8Array | undefined, validate_only: boolean): Buffer {
  const writer = AppendSessionRequest.encode({ record: undefined, validate_only: false });
  if (record !== undefined) writer.uint32(RECORD_TAG).bytes(record);
  return toBuffer(AppendSessionRequest.encode({ record: undefined, validate_only }, writer).finish());
}

/** The bytes of a BatchAppendSessionsRequest. */
export function encodeBatchRequest(records: readonly Uint8Array[]): Buffer {
  const writer = BatchAppendSessionsRequest.encode({ records: [] });
  for (const record of records) writer.uint32(RECORD_TAG).bytes(record);
  return toBuffer(writer.finish());
}

/** The same bytes, as grpc-js wants them. */
export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
