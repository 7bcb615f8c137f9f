import type { ServerWritableStream } from "@grpc/grpc-js";

/** Sends a call's messages no faster than the client reads them. */
export interface BoundedStream {
  /** Aborted when the client is gone, the service ends the stream, or the client has stalled. */
  readonly signal: AbortSignal;
  /** How long a client may read nothing. */
  readonly stall_ms: number;
  /** It was longer than that. */
  readonly stalled: boolean;
  /** Sends a message. A promise is to be awaited before the next message: it resolves when there is room, or on abort. */
  send(message: Buffer): Promise<void> | undefined;
}

/** Bytes buffered per reader, plus one message. A Writable's own limit counts 16 messages of any size. */
const BUFFERED_BYTES_MAX = 256 * 1024;

/** @param stall_ms how long a client may read nothing while messages are buffered for it */
export function createBoundedStream(call: ServerWritableStream<unknown, Buffer>, stall_ms: number): BoundedStream {
  const ended = new AbortController();
  const abort = () => {
    ended.abort();
    wake();
  };
  let buffered_bytes = 0;
  let stalled = false;
  let wake = () => {};
  call.once("cancelled", abort).once("error", abort).once("close", abort);

  /** Resolves when a message has gone, on abort, or after `stall_ms`. */
  function change(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, stall_ms).unref();
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async function room(): Promise<void> {
    while (buffered_bytes > BUFFERED_BYTES_MAX && !ended.signal.aborted) {
      const before = buffered_bytes;
      await change();
      stalled = buffered_bytes === before && !ended.signal.aborted;
      if (stalled) abort();
    }
  }

  return {
    signal: ended.signal,
    stall_ms,
    get stalled() {
      return stalled;
    },
    send(message) {
      if (ended.signal.aborted) return undefined;
      buffered_bytes += message.length;
      call.write(message, () => {
        buffered_bytes -= message.length;
        wake();
      });
      return buffered_bytes > BUFFERED_BYTES_MAX ? room() : undefined;
    },
  };
}
