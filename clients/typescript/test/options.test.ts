import { expect, test } from "vitest";
import { resolveOptions } from "../src/options.js";

test("resolveOptions has the documented defaults, and brings numbers within bounds", () => {
  expect(resolveOptions("a:1", {})).toMatchObject({
    buffer_rows: 10_000,
    buffer_bytes: 16 * 2 ** 20,
    overflow: "oldest",
    batch_rows: 500,
    batch_bytes: 2 * 2 ** 20,
    call_timeout_ms: 30_000,
    close_timeout_ms: 10_000,
    min_backoff_ms: 100,
    max_backoff_ms: 2_000,
  });
  const odd = { buffer_rows: 0, batch_rows: 1e9, batch_bytes: Number.NaN, max_backoff_ms: 1, daemon: "" };
  expect(resolveOptions("a:1", odd)).toMatchObject({
    buffer_rows: 1,
    batch_rows: 10_000,
    batch_bytes: 2 * 2 ** 20,
    max_backoff_ms: 100,
    daemon: "",
  });
});

test("resolveOptions makes no time that a timer cannot wait", () => {
  const times = ["call_timeout_ms", "close_timeout_ms", "min_backoff_ms", "max_backoff_ms"] as const;
  for (const name of times) {
    for (const endless of [Number.POSITIVE_INFINITY, 2 ** 31]) {
      expect(resolveOptions("a:1", { [name]: endless })[name]).toBe(2 ** 31 - 1);
    }
    expect(resolveOptions("a:1", { [name]: Number.NaN })[name]).toBe(resolveOptions("a:1", {})[name]);
  }
  expect(resolveOptions("a:1", { close_timeout_ms: -1 }).close_timeout_ms).toBe(0);
});
