import { expect, test } from "vitest";
import {
  agoText,
  counted,
  dayText,
  duration,
  fullTime,
  listTime,
  minuteText,
  percent,
  shortCount,
  signed,
} from "../../../../src/view/app/text/format.js";

test("numbers", () => {
  expect([2000, 340_400, 1_250_000].map(shortCount)).toEqual(["2,000", "340 k", "1.25 M"]);
  expect([percent(0.7314), percent(1, 0), percent(Number.NaN)]).toEqual(["73.1", "100", "–"]);
  expect([signed(1.23), signed(-4.8), signed(-0.01), signed(-5, 0)]).toEqual(["+1.2", "−4.8", "+0.0", "−5"]);
  expect([counted(1, "session"), counted(1200, "session")]).toEqual(["1 session", "1,200 sessions"]);
});

test("times, in UTC", () => {
  const time = "2026-11-15T23:52:07.236Z";
  expect([dayText(time), minuteText(time), listTime(time), fullTime(time)]).toEqual([
    "15 Nov",
    "15 Nov 23:52",
    "11-15 23:52:07",
    "2026-11-15 23:52:07 UTC",
  ]);
  expect(dayText("no time")).toBe("no time");
});

test("durations", () => {
  expect([939, 2500, 840_000, 7_200_000].map(duration)).toEqual(["939 ms", "2.5 s", "14 min", "2 h"]);
  expect(agoText("2026-11-15T23:52:07Z", "2026-11-27T12:00:00Z")).toBe("12 days");
  expect(agoText("2026-11-27T11:59:00Z", "2026-11-27T12:00:00Z")).toBe("60 s");
});
