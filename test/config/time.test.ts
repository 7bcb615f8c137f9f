import { expect, test } from "vitest";
import { parseTime } from "../../src/config/time.js";

const now = Date.UTC(2026, 4, 2);

test.each([
  ["7d", now - 7 * 86_400_000],
  ["12h", now - 12 * 3_600_000],
  ["90m", now - 90 * 60_000],
  ["2026-05-01", Date.UTC(2026, 4, 1)],
  ["2026-05-01T12:30Z", Date.UTC(2026, 4, 1, 12, 30)],
  ["2026-05-01T12:30:15.123456789+02:00", Date.UTC(2026, 4, 1, 10, 30, 15, 123)],
])("parseTime reads %s", (text, time) => {
  expect(parseTime(text, now)).toBe(time);
});

test.each(["", "7", "7 d", "tomorrow", "2026-02-30", "2026-13-01", "2026-05-01 12:30", "2026-05-01T12:30", "-7d"])(
  "parseTime refuses %j",
  (text) => {
    expect(parseTime(text, now)).toBeUndefined();
  },
);
