import { expect, test } from "vitest";
import { createTurnShare, createTurns } from "../../../src/rpc/limits/turns.js";

test("createTurns begins 32 calls of a connection in a turn, in order, and does not hold up other connections", () => {
  const callbacks: (() => void)[] = [];
  const turns = createTurns(32, (callback) => callbacks.push(callback));
  const begun: string[] = [];
  const [many, few] = [createTurnShare(), createTurnShare()];
  const begin = (share: typeof many, name: string) => turns.begin(share, () => begun.push(name));
  for (let call = 0; call < 70; call += 1) begin(many, `many ${call}`);
  begin(few, "few");
  expect(begun).toEqual([...Array.from({ length: 32 }, (_, call) => `many ${call}`), "few"]);

  callbacks.shift()?.();
  expect(begun.length).toBe(65);
  begin(many, "last");
  callbacks.shift()?.();
  expect(begun.slice(65)).toEqual([...Array.from({ length: 6 }, (_, call) => `many ${call + 64}`), "last"]);
  begin(few, "now");
  expect(begun.at(-1)).toBe("now");
  callbacks.shift()?.();
  expect(callbacks).toEqual([]);
});
