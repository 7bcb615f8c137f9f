import { expect, test } from "vitest";
import { createReadThrottle } from "../../../src/rpc/tail/throttle.js";

test("readers rest one after the other, each at least until others had their turn", async () => {
  const throttle = createReadThrottle(() => 1);
  let turns = 0;
  let ended = false;
  const count = () => {
    turns += 1;
    if (!ended) setImmediate(count);
  };
  setImmediate(count);
  const seen = await Promise.all(
    Array.from({ length: 20 }, () =>
      throttle
        .begin()()
        .then(() => turns),
    ),
  );
  ended = true;
  expect(new Set(seen).size).toBe(20);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
});

test("a reader rests longer while rows are stored", async () => {
  let next = 1;
  const throttle = createReadThrottle(() => next);
  const rest = throttle.begin();
  const block_ms = performance.now() + 5;
  while (performance.now() < block_ms);
  next += 1;
  const began_ms = performance.now();
  await rest();
  // 6 times what the block took, which was 5 ms at least.
  expect(performance.now() - began_ms).toBeGreaterThan(25);
});
