import { expect, test } from "vitest";
import type { RowsListener } from "../../src/journal/index.js";
import { createRecentRows } from "../../src/rpc/recent_rows.js";

/** Recent rows, and what a journal tells them: the sequences of a group whose lines have that many bytes. */
function setUp() {
  const listeners = new Set<RowsListener>();
  const recent = createRecentRows((listener) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  });
  const store = (first: number, last: number, bytes = 3) => {
    const line = Buffer.from(`${"x".repeat(bytes - 1)}\n`);
    const lines = Array.from({ length: last - first + 1 }, () => line);
    for (const listener of listeners) listener(first, lines);
  };
  const from = (sequence: number) => recent.from(sequence).map((row) => row.sequence);
  return { recent, store, from, listeners };
}

test("from gives the rows from a sequence on over several groups, and none that it has not", () => {
  const { recent, store, from } = setUp();
  recent.open();
  expect(from(1)).toEqual([]);
  store(5, 6);
  store(7, 9);
  expect(from(4)).toEqual([]);
  expect(from(6)).toEqual([6, 7, 8, 9]);
  expect(from(10)).toEqual([]);
  expect(String(recent.from(9)[0]?.line)).toBe("xx");
});

test("from gives no more at once than others may wait for", () => {
  const { recent, store, from } = setUp();
  recent.open();
  store(1, 600);
  expect(from(1)).toHaveLength(256);
  expect(from(600)).toEqual([600]);
});

test("from gives nothing before a gap", () => {
  const { recent, store, from } = setUp();
  recent.open();
  store(1, 2);
  store(5, 6);
  expect([from(1), from(2), from(5)]).toEqual([[], [], [5, 6]]);
});

test("the oldest rows go when there are more than 16 MiB", () => {
  const { recent, store, from } = setUp();
  recent.open();
  for (let sequence = 1; sequence <= 17; sequence += 1) store(sequence, sequence, 1024 * 1024);
  expect([from(9), from(10)]).toEqual([[], [10, 11, 12, 13, 14, 15, 16, 17]]);
});

test("rows are kept only while somebody reads", () => {
  const { recent, store, from, listeners } = setUp();
  const [close, closeOther] = [recent.open(), recent.open()];
  store(1, 2);
  close();
  expect(from(1)).toEqual([1, 2]);
  closeOther();
  expect([from(1), listeners.size]).toEqual([[], 0]);
});

test("changed resolves for all who wait, with new rows or when they are woken", async () => {
  const { recent, store } = setUp();
  recent.open();
  const both = Promise.all([recent.changed(), recent.changed()]);
  store(1, 1);
  await both;
  const third = recent.changed();
  recent.wake();
  await third;
});
