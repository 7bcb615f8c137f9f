/** Answers as bytes. A batch has one for each row, nearly all of them alike; only refusals are written by generated code. */
import {
  BATCH_APPEND_SESSIONS_RESPONSE_FIELDS as BATCH,
  APPEND_SESSION_RESPONSE_FIELDS as RESPONSE,
  APPEND_RESULT_FIELDS as RESULT,
  TIMESTAMP_FIELDS as TIMESTAMP,
} from "@sessionlog/protocol/gen/fields";
import {
  AppendResult,
  type AppendSessionResponse,
  type BatchAppendSessionsResponse,
} from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import type { Timestamp } from "@sessionlog/protocol/timestamp";
import {
  createReverseWriter,
  type ReverseWriter,
  writeBytes,
  writeInteger,
  writeLength,
  writeText,
  writeVarint,
  writtenBytes,
  writtenLength,
} from "@sessionlog/protocol/wire/reverse_writer";

export function encodeAppendResponse(response: AppendSessionResponse): Buffer {
  const writer = createReverseWriter();
  writeResponse(writer, response);
  return writtenBytes(writer);
}

export function encodeBatchResponse({ results }: BatchAppendSessionsResponse): Buffer {
  const writer = createReverseWriter();
  for (let index = results.length - 1; index >= 0; index--) {
    const mark = writtenLength(writer);
    const result = results[index];
    if (result?.outcome?.$case === "appended") writeAppended(writer, result.outcome.value);
    else if (result !== undefined) writeBytes(writer, AppendResult.encode(result).finish());
    writeLength(writer, mark);
    writeVarint(writer, BATCH.results.tag);
  }
  return writtenBytes(writer);
}

function writeAppended(writer: ReverseWriter, response: AppendSessionResponse): void {
  const mark = writtenLength(writer);
  writeResponse(writer, response);
  writeLength(writer, mark);
  writeVarint(writer, RESULT.appended.tag);
}

/** From the last field to the first; those that are empty are left out. */
function writeResponse(writer: ReverseWriter, response: AppendSessionResponse): void {
  const { session_id, timestamp, sequence, duplicate } = response;
  if (duplicate) writeNumber(writer, RESPONSE.duplicate.tag, 1);
  if (sequence !== 0) writeNumber(writer, RESPONSE.sequence.tag, sequence);
  if (timestamp !== undefined) writeTimestamp(writer, timestamp);
  if (session_id === "") return;
  writeText(writer, session_id);
  writeVarint(writer, RESPONSE.session_id.tag);
}

function writeTimestamp(writer: ReverseWriter, { seconds, nanos }: Timestamp): void {
  const mark = writtenLength(writer);
  if (nanos !== 0) writeNumber(writer, TIMESTAMP.nanos.tag, nanos);
  if (seconds !== 0) writeNumber(writer, TIMESTAMP.seconds.tag, seconds);
  writeLength(writer, mark);
  writeVarint(writer, RESPONSE.timestamp.tag);
}

/** Seconds before 1970 are negative. */
function writeNumber(writer: ReverseWriter, tag: number, value: number): void {
  if (value < 0) writeInteger(writer, BigInt(value));
  else writeVarint(writer, value);
  writeVarint(writer, tag);
}
