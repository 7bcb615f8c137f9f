/** The wall clock and the monotonic one, read together. */
export interface ClockReading {
  readonly wall_ms: number;
  readonly monotonic_ms: number;
}

/** Time, as the journal sees it. */
export interface Clock {
  /** The wall clock, milliseconds since 1970. */
  now(): number;
  reading(): ClockReading;
  /** Calls back once after `delay_ms`, unless cancelled. Does not keep the process alive. */
  after(delay_ms: number, callback: () => void): { cancel(): void };
}

export const systemClock: Clock = {
  now: Date.now,
  reading: () => ({ wall_ms: Date.now(), monotonic_ms: performance.now() }),
  after(delay_ms, callback) {
    const timer = setTimeout(callback, delay_ms).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
