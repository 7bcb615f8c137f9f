import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sessionSchema } from "../src/gen/session_schema.js";
import { parseTimestamp, printTimestamp } from "../src/timestamp.js";

const pattern = new RegExp(sessionSchema.properties.timestamp.pattern, "u");
const FIRST = -62_135_596_800;
const LAST = 253_402_300_799;

describe("printTimestamp", () => {
  test.each([
    [0, 0, "1970-01-01T00:00:00Z"],
    [-1, 999_999_999, "1969-12-31T23:59:59.999999999Z"],
    [1, 1, "1970-01-01T00:00:01.000000001Z"],
    [1, 100_000_000, "1970-01-01T00:00:01.1Z"],
    [951_782_400, 10, "2000-02-29T00:00:00.00000001Z"],
    [4_107_542_400, 0, "2100-03-01T00:00:00Z"],
    [FIRST, 0, "0001-01-01T00:00:00Z"],
    [LAST, 999_999_999, "9999-12-31T23:59:59.999999999Z"],
  ])("prints %d s %d ns", (seconds, nanos, text) => {
    expect(printTimestamp({ seconds, nanos })).toBe(text);
    expect(text).toMatch(pattern);
    expect(parseTimestamp(text)).toEqual({ seconds, nanos });
  });

  test("prints as Date does", () => {
    fc.assert(
      fc.property(fc.integer({ min: FIRST, max: LAST }), (seconds) => {
        const text = new Date(seconds * 1000).toISOString().replace(".000", "");
        expect(printTimestamp({ seconds, nanos: 0 })).toBe(text);
        expect(parseTimestamp(text)).toEqual({ seconds, nanos: 0 });
      }),
    );
  });

  test("gives every nanosecond a print that the schema takes and that reads back", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999_999 }), (nanos) => {
        const text = printTimestamp({ seconds: 5, nanos });
        expect(text).toMatch(pattern);
        expect(parseTimestamp(text)).toEqual({ seconds: 5, nanos });
      }),
    );
  });

  const allowed = fc.constant({ seconds: 0, nanos: 0 });
  const far = fc.oneof(
    fc.integer({ min: LAST + 1, max: LAST + 10 }),
    fc.integer({ min: FIRST - 10, max: FIRST - 1 }),
    fc.maxSafeInteger(),
    fc.constantFrom(2 ** 63, -(2 ** 63)),
  );
  const nanos = fc.oneof(
    fc.integer({ min: -(2 ** 31), max: -1 }),
    fc.integer({ min: 1e9, max: 2 ** 31 - 1 }),
    fc.constantFrom(1e9, 2e9, 1_500_000_000, -100_000_000),
  );
  test("gives what is out of range a print that the schema refuses", () => {
    fc.assert(
      fc.property(allowed, far, nanos, (time, seconds, fraction) => {
        if (seconds < FIRST || seconds > LAST) expect(printTimestamp({ ...time, seconds })).not.toMatch(pattern);
        expect(printTimestamp({ ...time, nanos: fraction })).not.toMatch(pattern);
      }),
    );
  });
});

describe("parseTimestamp", () => {
  test.each([
    ["2026-05-02T07:22:09.5+02:00", "2026-05-02T05:22:09.5Z"],
    ["2026-05-01T23:52:09-05:30", "2026-05-02T05:22:09Z"],
    ["2026-05-02T05:22:09.000Z", "2026-05-02T05:22:09Z"],
    ["2026-05-02T05:22:09-00:00", "2026-05-02T05:22:09Z"],
  ])("reads %s", (text, utc) => {
    const timestamp = parseTimestamp(text);
    expect(timestamp && printTimestamp(timestamp)).toBe(utc);
  });

  test.each([
    "",
    "now",
    "2026-05-02",
    "2026-05-02T05:22:09",
    "2026-05-02 05:22:09Z",
    "2026-05-02t05:22:09z",
    "2026-05-02T05:22Z",
    "2026-05-02T05:22:09.Z",
    "2026-05-02T05:22:09.1234567890Z",
    "2026-05-02T24:00:00Z",
    "2026-05-02T05:60:00Z",
    "2026-05-02T05:22:60Z",
    "2026-02-29T00:00:00Z",
    "2026-00-01T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-01-00T00:00:00Z",
    "2026-05-02T05:22:09+2:00",
    "2026-05-02T05:22:09+24:00",
    "12026-05-02T05:22:09Z",
    "2026-05-02T05:22:09Z\n",
  ])("refuses %j", (text) => {
    expect(parseTimestamp(text)).toBeUndefined();
  });
});
