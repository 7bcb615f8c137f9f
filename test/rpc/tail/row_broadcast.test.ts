import { expect, test } from "vitest";
import type { RowsListener } from "../../../src/journal/index.js";
import { createRowBroadcast, type NewRows } from "../../../src/rpc/tail/row_broadcast.js";

/** Live rows, and what a journal tells them: rows from a sequence on, each a letter. */
function setUp() {
  let tell: RowsListener = () => {};
  const broadcast = createRowBroadcast((listener) => {
    tell = listener;
  });
  return {
    broadcast,
    store: (first: number, letters: string) =>
      tell(
        first,
        [...letters].map((letter) => Buffer.from(`${letter}\n`)),
      ),
  };
}

const all = () => true;
const shown = ({ rows, next }: NewRows) => [...rows.map(({ sequence, line }) => `${sequence}${line}`), next];

test("wait resolves for all who wait, each with the rows from its sequence on that pass", async () => {
  const { broadcast, store } = setUp();
  const readers = [
    broadcast.wait(5, all),
    broadcast.wait(6, all),
    broadcast.wait(5, ({ line }) => String(line) === "b"),
  ];
  store(5, "abc");
  expect((await Promise.all(readers)).map(shown)).toEqual([
    ["5a", "6b", "7c", 8],
    ["6b", "7c", 8],
    ["6b", 8],
  ]);
});

test("wait goes on over rows that do not pass", async () => {
  const { broadcast, store } = setUp();
  const reader = broadcast.wait(1, ({ line }) => String(line) === "x");
  store(1, "ab");
  store(3, "c");
  store(4, "xy");
  expect(shown(await reader)).toEqual(["4x", 6]);
});

test("wait makes each row once for all who wait", async () => {
  const { broadcast, store } = setUp();
  const readers = [broadcast.wait(1, all), broadcast.wait(1, all)];
  store(1, "a");
  const [first, second] = await Promise.all(readers);
  expect(first?.rows[0]).toBe(second?.rows[0]);
});

test("wait for a row that is still to come passes over those before it", async () => {
  const { broadcast, store } = setUp();
  const reader = broadcast.wait(3, all);
  store(1, "a");
  store(2, "bc");
  expect(shown(await reader)).toEqual(["3c", 4]);
});

test("wait sends readers to the files when rows lie between, or very many came at once", async () => {
  const { broadcast, store } = setUp();
  const behind = broadcast.wait(1, all);
  store(3, "c");
  expect(shown(await behind)).toEqual([1]);
  const many = broadcast.wait(4, all);
  store(4, "d".repeat(600));
  expect(shown(await many)).toEqual([4]);
});

test("wake lets all go on where they are", async () => {
  const { broadcast, store } = setUp();
  const reader = broadcast.wait(1, () => false);
  store(1, "ab");
  broadcast.wake();
  expect(shown(await reader)).toEqual([3]);
});
