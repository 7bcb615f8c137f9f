/**
 * Requests of the API around record bytes that are encoded already: the bytes pass through as they are, unknown fields
 * and all. Tag and length are the wire format's: https://protobuf.dev/programming-guides/encoding/.
 */

/** Field 1, length-delimited: AppendSessionRequest.record and BatchAppendSessionsRequest.records alike. */
const RECORD_TAG = 0x0a;
/** Field 2, varint, true: AppendSessionRequest.validate_only. */
const VALIDATE_ONLY = Buffer.of(0x10, 0x01);

/** The bytes of an AppendSessionRequest; without a record when `record` is undefined. */
export function encodeAppendRequest(record: Uint8Array | undefined, validate_only: boolean): Buffer {
  const parts: Uint8Array[] = [];
  if (record !== undefined) parts.push(recordHead(record.length), record);
  if (validate_only) parts.push(VALIDATE_ONLY);
  return Buffer.concat(parts);
}

/** The bytes of a BatchAppendSessionsRequest. */
export function encodeBatchRequest(records: readonly Uint8Array[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const record of records) parts.push(recordHead(record.length), record);
  return Buffer.concat(parts);
}

function recordHead(length: number): Buffer {
  const head = [RECORD_TAG];
  let rest = length;
  while (rest > 0x7f) {
    head.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  head.push(rest);
  return Buffer.from(head);
}
