import { expect, test } from "vitest";
import { clockJumped, surplusSegments } from "../../../src/journal/sealed/retention.js";
import type { RetentionPolicy } from "../../../src/journal/types.js";

const keep_all: RetentionPolicy = { max_age_ms: 0, max_segments: 0, max_bytes: 0 };
/** Sealed at 1,000, 2,000, 3,000 and 4,000, of 100 bytes each. */
const segments = [1000, 2000, 3000, 4000].map((sealed_at) => ({ sealed_at, bytes: 100 }));
const active = { bytes: 50, rows: 5 };

test.each<[string, RetentionPolicy, number | undefined, number]>([
  ["nothing without a limit", keep_all, 1e12, 0],
  ["the oldest beyond the count", { ...keep_all, max_segments: 3 }, 5000, 1],
  ["nothing at the count", { ...keep_all, max_segments: 4 }, 5000, 0],
  ["the oldest until all fit, the active file included", { ...keep_all, max_bytes: 250 }, 5000, 2],
  ["nothing that fits exactly", { ...keep_all, max_bytes: 450 }, 5000, 0],
  ["what is older than the age", { ...keep_all, max_age_ms: 2500 }, 5000, 2],
  ["nothing of exactly that age", { ...keep_all, max_age_ms: 4000 }, 5000, 0],
  ["nothing by age when the clock cannot be believed", { ...keep_all, max_age_ms: 1 }, undefined, 0],
  ["nothing by age when the clock has gone back", { ...keep_all, max_age_ms: 1 }, 0, 0],
  ["all of them, while the active file has the newest row", { ...keep_all, max_age_ms: 1 }, 1e12, 4],
])("surplusSegments removes %s", (_what, policy, now, surplus) => {
  expect(surplusSegments(policy, segments, active, now)).toBe(surplus);
});

test("surplusSegments never removes the newest row, which is in the last segment when the active file is empty", () => {
  const policy = { max_age_ms: 1, max_segments: 1, max_bytes: 1 };
  expect(surplusSegments(policy, segments, { bytes: 0, rows: 0 }, 1e12)).toBe(3);
  expect(surplusSegments(policy, [], { bytes: 0, rows: 0 }, 1e12)).toBe(0);
});

test("clockJumped tells a wall clock that was set, either way, from time that passed", () => {
  const since = { wall_ms: 1e12, monotonic_ms: 0 };
  const later = (wall_ms: number, monotonic_ms: number) =>
    clockJumped(since, { wall_ms: 1e12 + wall_ms, monotonic_ms });
  expect(later(1e9, 1e9)).toBe(false);
  expect(later(3_600_000, 0)).toBe(false);
  expect(later(3_600_001, 0)).toBe(true);
  expect(later(-3_600_001, 0)).toBe(true);
});
