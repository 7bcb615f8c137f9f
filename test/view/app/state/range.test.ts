import { describe, expect, test } from "vitest";
import { daysOfRange, moveRange, rangeOfDays } from "../../../../src/view/app/state/range.js";

const now_ms = Date.parse("2026-11-27T12:00:00Z");

describe("moveRange", () => {
  test("moves by the range's own length, and back to now", () => {
    const before = moveRange({ since: "7d", kind: ["fill"] }, -1, now_ms);
    expect(before).toEqual({ since: "2026-11-13T12:00:00Z", until: "2026-11-20T12:00:00Z", kind: ["fill"] });
    expect(moveRange(before, 1, now_ms)).toEqual({ since: "2026-11-20T12:00:00Z", kind: ["fill"] });
    expect(moveRange({ since: "2026-11-01", until: "2026-11-08" }, -1, now_ms)).toEqual({
      since: "2026-10-25",
      until: "2026-11-01",
    });
  });

  test.each([[{}], [{ until: "2026-11-08" }], [{ since: "soon" }]])("leaves %j as it is", (filters) => {
    expect(moveRange(filters, -1, now_ms)).toBe(filters);
  });

  test("does not go into the future", () => {
    expect(moveRange({ since: "7d" }, 1, now_ms)).toEqual({ since: "7d" });
  });
});

test("rangeOfDays includes both days, whatever their order", () => {
  expect(rangeOfDays("2026-10-31", "2026-10-31")).toEqual({ since: "2026-10-31", until: "2026-11-01" });
  expect(rangeOfDays("2026-11-02", "2026-10-30")).toEqual({ since: "2026-10-30", until: "2026-11-03" });
});

test("daysOfRange gives the first and the last day of a range", () => {
  expect(daysOfRange({ since: "2026-10-30", until: "2026-11-03" }, now_ms)).toEqual({
    first: "2026-10-30",
    last: "2026-11-02",
  });
  expect(daysOfRange({ since: "2d" }, now_ms)).toEqual({ first: "2026-11-25", last: "" });
});
