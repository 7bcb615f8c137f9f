/**
 * Watches a connection of HTTP/1.1, or one that may become it, for a request that does not come whole: headers that do not end,
 * or the rest of a body that was refused.
 */
export interface PendingRequest {
  /** A call has begun. */
  begin(): void;
  /** A call has ended, when the socket had received so many bytes. */
  end(received_bytes: number): void;
  /** How long bytes have been there that belong to no call. Not to be asked while there is a call. */
  waitingFor(received_bytes: number, now_ms: number): number;
}

export function createPendingRequest(): PendingRequest {
  let since_ms: number | undefined;
  let seen_bytes = -1;
  return {
    begin() {
      since_ms = undefined;
    },
    end(received_bytes) {
      seen_bytes = received_bytes;
    },
    waitingFor(received_bytes, now_ms) {
      if (received_bytes <= seen_bytes) return 0;
      since_ms ??= now_ms;
      return now_ms - since_ms;
    },
  };
}
