import type { RotationPolicy } from "../types.js";

export interface ActiveFacts {
  readonly bytes: number;
  readonly rows: number;
  /** When its last row was written, milliseconds since 1970. */
  readonly written_at: number;
}

const PERIOD_MS = { none: Number.POSITIVE_INFINITY, hourly: 3_600_000, daily: 86_400_000 } as const;

/** Whether to seal the active file before writing `group_bytes` at `now`. A clock that goes back never seals. */
export function rotationDue(policy: RotationPolicy, active: ActiveFacts, group_bytes: number, now: number): boolean {
  if (active.rows === 0) return false;
  if (policy.max_bytes > 0 && group_bytes > 0 && active.bytes + group_bytes > policy.max_bytes) return true;
  const period = PERIOD_MS[policy.interval];
  return Math.floor(now / period) > Math.floor(active.written_at / period);
}
