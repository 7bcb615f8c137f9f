export interface BackoffOptions {
  readonly min_backoff_ms: number;
  readonly max_backoff_ms: number;
  /** From 0 to 1. */
  random(): number;
}

/** Milliseconds to wait before each next try: doubling, and spread so that daemons do not come back all at once. */
export function* backoffs({ min_backoff_ms, max_backoff_ms, random }: BackoffOptions): Generator<number, never> {
  for (let step_ms = min_backoff_ms; ; step_ms = Math.min(2 * step_ms, max_backoff_ms)) {
    yield step_ms * (0.5 + random() / 2);
  }
}
