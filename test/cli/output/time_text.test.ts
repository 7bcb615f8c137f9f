import { expect, test } from "vitest";
import { agoText, minuteText } from "../../../src/cli/output/time_text.js";

test("minuteText leaves out what is below a minute", () => {
  expect(minuteText(Date.UTC(2026, 10, 15, 23, 52, 7, 236))).toBe("2026-11-15T23:52Z");
});

test.each([
  [0, "0 s ago"],
  [119_000, "119 s ago"],
  [120_000, "2 min ago"],
  [7_199_000, "119 min ago"],
  [7_200_000, "2 h ago"],
  [47 * 3_600_000, "47 h ago"],
  [11.4 * 86_400_000, "11 days ago"],
  [-1, "in the future"],
])("agoText of %d ms is %s", (age_ms, expected) => {
  expect(agoText(1_000_000_000_000 - age_ms, 1_000_000_000_000)).toBe(expected);
});
