import { setImmediate, setTimeout } from "node:timers/promises";

/** Bounds what all who read far back take from appends together. */
export interface Pace {
  /** For one reader. What it returns is to be awaited after each block that was read and looked at. */
  begin(): () => Promise<void>;
}

/** While rows are stored, a reader rests so many times as long as the block took. */
const REST_FACTOR = 6;
const REST_MAX_MS = 50;
/** For so long after a row was stored, rows count as being stored. */
const BUSY_MS = 200;

/**
 * Readers rest one after the other: between two blocks, of whichever reader, other calls get their turn.
 *
 * @param next_sequence moves on while rows are stored
 */
export function createPace(next_sequence: () => number): Pace {
  let last = Promise.resolve();
  let stored = next_sequence();
  let busy_until_ms = 0;

  async function rest(took_ms: number): Promise<void> {
    const now_ms = performance.now();
    if (next_sequence() !== stored) busy_until_ms = now_ms + BUSY_MS;
    stored = next_sequence();
    await (now_ms < busy_until_ms ? setTimeout(Math.min(took_ms * REST_FACTOR, REST_MAX_MS)) : setImmediate());
  }

  return {
    begin() {
      let began_ms = performance.now();
      return async () => {
        const took_ms = performance.now() - began_ms;
        last = last.then(() => rest(took_ms));
        await last;
        began_ms = performance.now();
      };
    },
  };
}
