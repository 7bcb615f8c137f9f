import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../src/journal/clock.js";

/** A clock that stands still until it is told otherwise. */
export interface ManualClock extends Clock {
  /** Moves both clocks on, calls back what is due in its order, and lets everything that follows on a simulated disk happen. */
  advance(delay_ms: number): Promise<void>;
  /** Sets the wall clock only, as an operator or NTP does. */
  setWall(time_ms: number): void;
  /** Callbacks that wait. */
  readonly waiting: number;
}

interface Timer {
  readonly due_ms: number;
  readonly callback: () => void;
}

export function createManualClock(start_ms = Date.UTC(2026, 0, 2, 3, 4, 5)): ManualClock {
  const timers = new Set<Timer>();
  let monotonic_ms = 0;
  let wall_offset_ms = start_ms;

  function nextDue(until_ms: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of timers) {
      if (timer.due_ms <= until_ms && (next === undefined || timer.due_ms < next.due_ms)) next = timer;
    }
    return next;
  }

  return {
    now: () => wall_offset_ms + monotonic_ms,
    reading: () => ({ wall_ms: wall_offset_ms + monotonic_ms, monotonic_ms }),
    after(delay_ms, callback) {
      const timer = { due_ms: monotonic_ms + delay_ms, callback };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
    async advance(delay_ms) {
      const until_ms = monotonic_ms + delay_ms;
      for (let timer = nextDue(until_ms); timer !== undefined; timer = nextDue(until_ms)) {
        monotonic_ms = timer.due_ms;
        timers.delete(timer);
        timer.callback();
        await settled();
      }
      monotonic_ms = until_ms;
      await settled();
    },
    setWall(time_ms) {
      wall_offset_ms = time_ms - monotonic_ms;
    },
    get waiting() {
      return timers.size;
    },
  };
}

/** Resolves when nothing can go on by itself any more: a simulated disk needs no more than promises. */
export async function settled(): Promise<void> {
  await setImmediate();
}
