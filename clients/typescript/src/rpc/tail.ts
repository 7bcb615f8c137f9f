import type { Client, Metadata, ServiceError } from "@grpc/grpc-js";
import { TAIL_SESSIONS_RESPONSE_FIELDS } from "@sessionlog/protocol/gen/fields";
import { SessionLogService, TailSessionsRequest } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { createCursor, readBytes, readTag, readUint64, skipField } from "@sessionlog/protocol/wire/reader";
import { type CallFailure, callFailure, toCallFailure } from "./failure.js";
import { toBuffer, toMetadata } from "./requests.js";

/** What TailSessions sends: a row, or a gap that ends with this sequence. */
export interface TailMessage {
  readonly sequence: number;
  /** The bytes of a SessionRecord; undefined for a gap. */
  readonly record: Uint8Array | undefined;
}

export interface TailOptions {
  /** Cancels the call. */
  readonly signal: AbortSignal;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Called with the first sequence of the call, once the service has accepted it. */
  readonly onBegin?: (first_sequence: number) => void;
}

/**
 * Reads TailSessions, no faster than it is iterated. Returns undefined when the service has sent everything, else how
 * the call ended.
 */
export async function* readTail(
  client: Client,
  request: Partial<TailSessionsRequest>,
  { signal, metadata, onBegin }: TailOptions,
): AsyncGenerator<TailMessage, CallFailure | undefined> {
  const call = client.makeServerStreamRequest(
    SessionLogService.tailSessions.path,
    (value: Partial<TailSessionsRequest>) => toBuffer(TailSessionsRequest.encode(complete(value)).finish()),
    (bytes) => bytes,
    request,
    toMetadata(metadata),
  );
  call.once("metadata", (initial: Metadata) => {
    const first_sequence = Number(initial.get("sessionlog-first-sequence")[0]);
    if (Number.isSafeInteger(first_sequence)) onBegin?.(first_sequence);
  });
  const cancel = () => call.cancel();
  signal.addEventListener("abort", cancel);
  if (signal.aborted) cancel();
  try {
    for await (const bytes of call) {
      const message = decode(bytes);
      if (message === undefined) return callFailure("INTERNAL", "a message cannot be decoded");
      yield message;
    }
    return undefined;
  } catch (error) {
    if (!isServiceError(error)) throw error;
    return toCallFailure(error);
  } finally {
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}

function complete(request: Partial<TailSessionsRequest>): TailSessionsRequest {
  const everything = { from_sequence: 0, follow: false, last: 0, ungrounded_only: false };
  return { ...everything, kinds: [], daemons: [], models: [], verdicts: [], ...request };
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && "metadata" in error;
}

/** TailSessionsResponse, with the record as bytes; undefined for what is not one. */
function decode(bytes: Uint8Array): TailMessage | undefined {
  const fields = TAIL_SESSIONS_RESPONSE_FIELDS;
  const cursor = createCursor(bytes);
  let sequence = 0;
  let record: Uint8Array | undefined;
  while (cursor.at < cursor.end) {
    const tag = readTag(cursor);
    if (tag === fields.sequence.tag) sequence = readUint64(cursor);
    else if (tag === fields.record.tag) record = readBytes(cursor);
    else skipField(cursor, tag);
  }
  return cursor.fault === "" ? { sequence, record } : undefined;
}
