import type { ServerWritableStream } from "@grpc/grpc-js";

/** Where a handler sends its messages, at the pace of the one who reads them. */
export interface Outlet {
  /** Aborted when the client is gone, the service ends the stream, or the reader has stalled. */
  readonly signal: AbortSignal;
  /** Nothing was read for too long. */
  readonly stalled: boolean;
  /** Sends a message. A promise is to be awaited before the next one: it resolves when there is room, or on abort. */
  send(message: Buffer): Promise<void> | undefined;
}

/** Messages may wait with so many bytes, and one more. A Writable alone would let 16 of any size wait. */
const WAITING_BYTES_MAX = 256 * 1024;

/** @param stall_ms how long a reader may read nothing while messages wait for it */
export function createOutlet(call: ServerWritableStream<unknown, Buffer>, stall_ms: number): Outlet {
  const ended = new AbortController();
  const abort = () => {
    ended.abort();
    wake();
  };
  let waiting_bytes = 0;
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
    while (waiting_bytes > WAITING_BYTES_MAX && !ended.signal.aborted) {
      const before = waiting_bytes;
      await change();
      stalled = waiting_bytes === before && !ended.signal.aborted;
      if (stalled) abort();
    }
  }

  return {
    signal: ended.signal,
    get stalled() {
      return stalled;
    },
    send(message) {
      if (ended.signal.aborted) return undefined;
      waiting_bytes += message.length;
      call.write(message, () => {
        waiting_bytes -= message.length;
        wake();
      });
      return waiting_bytes > WAITING_BYTES_MAX ? room() : undefined;
    },
  };
}
