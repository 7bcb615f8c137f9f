import { expect, test } from "vitest";
import { createFairTurns } from "../../../src/rpc/append/fair_turns.js";

test("createFairTurns gives each one a turn after the other, whoever wants how much", async () => {
  const inTurn = createFairTurns();
  const done: string[] = [];
  const work = (who: string) => inTurn(who, () => Promise.resolve(done.push(who)));
  await Promise.all(["a", "a", "a", "a", "b", "c", "b"].map(work));
  expect(done).toEqual(["a", "a", "b", "c", "a", "b", "a"]);
});

test("createFairTurns goes on after work that fails, whose error its own caller gets", async () => {
  const inTurn = createFairTurns();
  const failed = inTurn("a", () => Promise.reject(new Error("no")));
  const next = inTurn("a", () => Promise.resolve("yes"));
  await expect(failed).rejects.toThrow("no");
  expect(await next).toBe("yes");
  expect(await inTurn("b", () => Promise.resolve(1))).toBe(1);
});
