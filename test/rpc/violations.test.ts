import { Rejection } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { expect, test } from "vitest";
import type { Violation } from "../../src/record/index.js";
import { listViolations, shorten } from "../../src/rpc/violations.js";

const violation = (description: string): Violation => ({ field: "record.kind", description, reason: "NOT_ALLOWED" });

test.each(["", "short", "ü".repeat(70), "x".repeat(200)])("listViolations counts the encoded bytes of %j", (text) => {
  const { violations, bytes } = listViolations([violation(text), violation(text)], 10_000);
  expect(Rejection.encode({ violations: [...violations], violation_count: 0 }).finish()).toHaveLength(bytes);
});

test("listViolations takes the first ones, as many as fit", () => {
  const all = [violation("a"), violation("b"), violation("c")];
  const { bytes } = listViolations(all.slice(0, 2), 10_000);
  expect(listViolations(all, bytes).violations).toEqual(all.slice(0, 2));
  expect(listViolations(all, bytes - 1).violations).toEqual(all.slice(0, 1));
  expect(listViolations(all, 0)).toEqual({ violations: [], bytes: 0 });
});

test("listViolations bounds a violation that is too long by itself", () => {
  const { violations } = listViolations(
    [{ field: "f".repeat(9_000), description: "é".repeat(9_000), reason: "TOO_LONG" }],
    4_096,
  );
  expect(violations).toEqual([
    { field: `${"f".repeat(255)}…`, description: `${"é".repeat(511)}…`, reason: "TOO_LONG" },
  ]);
});

test("shorten cuts between code points", () => {
  expect(shorten("😀😀😀", 3)).toBe("😀😀😀");
  expect(shorten("😀😀😀", 2)).toBe("😀…");
});
