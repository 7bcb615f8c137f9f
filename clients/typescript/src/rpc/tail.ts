import { BinaryReader } from "@bufbuild/protobuf/wire";
import type { Client, Metadata, ServiceError } from "@grpc/grpc-js";
import { SessionLogService, TailSessionsRequest } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { type CallFailure, toCallFailure } from "./failure.js";

/** What TailSessions sends: a row, or a gap that ends with this sequence. */
export interface TailMessage {
  readonly sequence: number;
  /** The bytes of a SessionRecord; undefined for a gap. */
  readonly record: Uint8Array | undefined;
}

export interface TailOptions {
  /** Cancels the call. */
  readonly signal: AbortSignal;
  /** Called with the first sequence of the call, once the service has accepted it. */
  readonly onBegin?: (first_sequence: number) => void;
}

/**
 * Reads TailSessions, no faster than it is iterated. Returns undefined when the service has sent everything, else how the
 * call ended.
 */
export async function* readTail(
  client: Client,
  request: Partial<TailSessionsRequest>,
  { signal, onBegin }: TailOptions,
): AsyncGenerator<TailMessage, CallFailure | undefined> {
  const call = client.makeServerStreamRequest(
    SessionLogService.tailSessions.path,
    (value: Partial<TailSessionsRequest>) => Buffer.from(TailSessionsRequest.encode(complete(value)).finish()),
    (bytes) => bytes,
    request,
  );
  call.once("metadata", (metadata: Metadata) => {
    const first_sequence = Number(metadata.get("sessionlog-first-sequence")[0]);
    if (Number.isSafeInteger(first_sequence)) onBegin?.(first_sequence);
  });
  const cancel = () => call.cancel();
  signal.addEventListener("abort", cancel);
  if (signal.aborted) cancel();
  try {
    for await (const bytes of call) yield decode(bytes);
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

/** TailSessionsResponse, with the record as bytes. */
function decode(bytes: Uint8Array): TailMessage {
  const reader = new BinaryReader(bytes);
  let sequence = 0;
  let record: Uint8Array | undefined;
  while (reader.pos < reader.len) {
    const [number, wire_type] = reader.tag();
    if (number === 1) sequence = Number(reader.uint64());
    else if (number === 2) record = reader.bytes();
    else reader.skip(wire_type, number);
  }
  return { sequence, record };
}
