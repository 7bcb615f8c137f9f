import { expect, test } from "vitest";
import { type ActiveFacts, rotationDue } from "../../../src/journal/active/rotation.js";
import type { RotationPolicy } from "../../../src/journal/types.js";

const never: RotationPolicy = { max_bytes: 0, interval: "none" };
const noon = Date.UTC(2026, 4, 2, 12);
const active: ActiveFacts = { bytes: 900, rows: 9, written_at: noon };
const hour_ms = 3_600_000;

test.each<[string, RotationPolicy, Partial<ActiveFacts>, number, number, boolean]>([
  ["never by itself", never, {}, 1e9, noon + 1e12, false],
  ["not while the group still fits", { ...never, max_bytes: 1000 }, {}, 100, noon, false],
  ["before the group that does not fit", { ...never, max_bytes: 1000 }, {}, 101, noon, true],
  ["not by size without a group", { ...never, max_bytes: 1000 }, { bytes: 2000 }, 0, noon, false],
  [
    "not an empty file, however large the group",
    { ...never, max_bytes: 1000 },
    { bytes: 0, rows: 0 },
    5000,
    noon,
    false,
  ],
  ["not within the hour", { ...never, interval: "hourly" }, {}, 0, noon + hour_ms - 1, false],
  ["when the hour has ended", { ...never, interval: "hourly" }, {}, 0, noon + hour_ms, true],
  ["not within the UTC day", { ...never, interval: "daily" }, {}, 0, noon + 12 * hour_ms - 1, false],
  ["when the UTC day has ended", { ...never, interval: "daily" }, {}, 0, noon + 12 * hour_ms, true],
  ["not when the clock goes back", { ...never, interval: "hourly" }, {}, 0, noon - 48 * hour_ms, false],
])("rotationDue seals %s", (_what, policy, facts, group_bytes, now, due) => {
  expect(rotationDue(policy, { ...active, ...facts }, group_bytes, now)).toBe(due);
});
