import { setImmediate, setTimeout } from "node:timers/promises";

/** Bounds what reading far back takes from appends. */
export interface Pace {
  /** To be awaited after each block that was read and looked at: the longer, the more rows were stored meanwhile. */
  rest(): Promise<void>;
}

/** So many milliseconds for a row; but no more than so many times as long as the block took, and never longer than that. */
const REST_MS_PER_ROW = 0.5;
const REST_FACTOR = 8;
const REST_MAX_MS = 50;

/** @param next_sequence moves on while rows are stored */
export function createPace(next_sequence: () => number): Pace {
  let stored = next_sequence();
  let began_ms = performance.now();
  return {
    async rest() {
      const rows = next_sequence() - stored;
      const took_ms = performance.now() - began_ms;
      const rest_ms = Math.min(rows * REST_MS_PER_ROW, took_ms * REST_FACTOR, REST_MAX_MS);
      await (rest_ms >= 1 ? setTimeout(rest_ms) : setImmediate());
      stored = next_sequence();
      began_ms = performance.now();
    },
  };
}
