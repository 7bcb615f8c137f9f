import { setImmediate, setTimeout } from "node:timers/promises";

/** Bounds what all readers of older rows together take from appends. */
export interface ReadThrottle {
  /** For one reader. What it returns is to be awaited after each block that was read and checked. */
  begin(): () => Promise<void>;
}

/** While appends run, a reader pauses for this multiple of its last block's time. */
const PAUSE_FACTOR = 6;
const PAUSE_MS_MAX = 50;
/** Appends count as running for this long after the last one. */
const BUSY_MS = 200;

/**
 * Readers pause one after the other: between two blocks, of any reader, other calls get their turn.
 *
 * @param next_sequence grows while rows are stored
 */
export function createReadThrottle(next_sequence: () => number): ReadThrottle {
  let last = Promise.resolve();
  let stored = next_sequence();
  let busy_until_ms = 0;

  async function pause(took_ms: number): Promise<void> {
    const now_ms = performance.now();
    if (next_sequence() !== stored) busy_until_ms = now_ms + BUSY_MS;
    stored = next_sequence();
    await (now_ms < busy_until_ms ? setTimeout(Math.min(took_ms * PAUSE_FACTOR, PAUSE_MS_MAX)) : setImmediate());
  }

  return {
    begin() {
      let began_ms = performance.now();
      return async () => {
        const took_ms = performance.now() - began_ms;
        last = last.then(() => pause(took_ms));
        await last;
        began_ms = performance.now();
      };
    },
  };
}
