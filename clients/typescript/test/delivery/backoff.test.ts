import { expect, test } from "vitest";
import { backoffs } from "../../src/delivery/backoff.js";

test("backoffs double up to their limit, spread downwards", () => {
  const waits = (random: number) => {
    const each = backoffs({ min_backoff_ms: 100, max_backoff_ms: 500, random: () => random });
    return Array.from({ length: 5 }, () => each.next().value);
  };
  expect(waits(1)).toEqual([100, 200, 400, 500, 500]);
  expect(waits(0)).toEqual([50, 100, 200, 250, 250]);
});
