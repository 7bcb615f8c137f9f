import type { ClockReading } from "../clock.js";
import type { RetentionPolicy } from "../types.js";

export interface SegmentFacts {
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly sealed_at: number;
}

/**
 * The number of oldest segments to remove. Whole segments only, oldest first, and never the one with the
 * newest row: it is the last segment as long as the active file is empty.
 *
 * `now` is undefined while the wall clock is not trusted: then age removes nothing.
 */
export function surplusSegments(
  policy: RetentionPolicy,
  segments: readonly SegmentFacts[],
  active: { readonly bytes: number; readonly rows: number },
  now: number | undefined,
): number {
  const removable = active.rows > 0 ? segments.length : segments.length - 1;
  let bytes = segments.reduce((sum, segment) => sum + segment.bytes, active.bytes);
  let surplus = 0;
  for (const segment of segments.slice(0, Math.max(0, removable))) {
    const too_many = policy.max_segments > 0 && segments.length - surplus > policy.max_segments;
    const too_large = policy.max_bytes > 0 && bytes > policy.max_bytes;
    const too_old = policy.max_age_ms > 0 && now !== undefined && now - segment.sealed_at > policy.max_age_ms;
    if (!too_many && !too_large && !too_old) break;
    bytes -= segment.bytes;
    surplus++;
  }
  return surplus;
}

const JUMP_MS = 3_600_000;

/** Whether the wall clock has moved by more than an hour against the monotonic one. */
export function clockJumped(since: ClockReading, now: ClockReading): boolean {
  return Math.abs(now.wall_ms - since.wall_ms - (now.monotonic_ms - since.monotonic_ms)) > JUMP_MS;
}
