import { totalmem } from "node:os";
import { expect, test } from "vitest";
import { createMemoryLimit } from "../../../src/rpc/limits/memory.js";

/** What the limit says of one measurement after the other. */
function exceededAt(configured_bytes: number, uses: readonly (readonly [bytes: number, heap_share: number])[]) {
  let use = { bytes: 0, heap_share: 0 };
  const memory = createMemoryLimit({ memory_limit_bytes: configured_bytes }, () => use);
  return uses.map(([bytes, heap_share]) => {
    use = { bytes, heap_share };
    memory.sample();
    return memory.exceeded;
  });
}

test("createMemoryLimit refuses above the limit, and accepts again below 90 % of it", () => {
  const bytes = [100, 101, 95, 91, 90, 100, 101];
  expect(
    exceededAt(
      100,
      bytes.map((bytes) => [bytes, 0]),
    ),
  ).toEqual([false, true, true, true, false, false, true]);
});

test("createMemoryLimit refuses before V8's heap is full", () => {
  expect(
    exceededAt(100, [
      [1, 0.8],
      [1, 0.9],
      [1, 0.8],
      [1, 0.7],
    ]),
  ).toEqual([false, true, true, false]);
});

test("createMemoryLimit allows part of the machine's memory by default", () => {
  expect(
    exceededAt(0, [
      [totalmem(), 0],
      [1024 * 1024, 0],
    ]),
  ).toEqual([true, false]);
});
