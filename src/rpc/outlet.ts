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

/** @param stall_ms how long a reader may read nothing while messages wait for it */
export function createOutlet(call: ServerWritableStream<unknown, Buffer>, stall_ms: number): Outlet {
  const ended = new AbortController();
  const abort = () => ended.abort();
  call.once("cancelled", abort).once("error", abort).once("close", abort);
  let stalled = false;

  /** Waits once; the stream may still be full then. */
  function wait(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        call.off("drain", done);
        ended.signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, stall_ms).unref();
      call.once("drain", done);
      ended.signal.addEventListener("abort", done);
    });
  }

  async function room(): Promise<void> {
    let left = call.writableLength;
    while (call.writableNeedDrain && !ended.signal.aborted) {
      await wait();
      if (!call.writableNeedDrain || ended.signal.aborted) return;
      stalled = call.writableLength === left;
      if (stalled) abort();
      left = call.writableLength;
    }
  }

  return {
    signal: ended.signal,
    get stalled() {
      return stalled;
    },
    send(message) {
      if (ended.signal.aborted || call.write(message)) return undefined;
      return room();
    },
  };
}
