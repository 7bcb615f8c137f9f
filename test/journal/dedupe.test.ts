import { expect, test } from "vitest";
import { createDedupeWindow, dedupeGroup, rowKey, wholeGroup } from "../../src/journal/dedupe.js";

const lines = (...texts: string[]) => texts.map((text) => Buffer.from(`${text}\n`));
const key = (text: string) => rowKey(Buffer.from(text));
const fresh = (sequence: number) => ({ sequence, duplicate: false });
const repeated = (sequence: number) => ({ sequence, duplicate: true });

test("createDedupeWindow forgets the oldest row when it is full", () => {
  const window = createDedupeWindow(2);
  for (const [i, text] of ["a", "b", "c"].entries()) window.add(key(text), i + 1);
  expect(["a", "b", "c"].map((text) => window.find(key(text)))).toEqual([undefined, 2, 3]);
});

test("createDedupeWindow keeps the first sequence of a row that is added twice, and keeps none when it has no room", () => {
  const window = createDedupeWindow(2);
  window.add(key("a"), 1);
  window.add(key("a"), 2);
  window.add(key("b"), 3);
  expect([window.find(key("a")), window.find(key("b"))]).toEqual([1, 3]);
  const none = createDedupeWindow(0);
  none.add(key("a"), 1);
  expect(none.find(key("a"))).toBeUndefined();
});

test("dedupeGroup finds what the window and the group itself have, and enters the rest once it is durable", () => {
  const window = createDedupeWindow(10);
  window.add(key("old"), 7);
  const group = dedupeGroup(window, lines("a", "old", "b", "a"));
  expect(group.fresh.map(String)).toEqual(["a\n", "b\n"]);
  expect(window.find(key("a"))).toBeUndefined();
  expect(group.settle(20)).toEqual([fresh(20), repeated(7), fresh(21), repeated(20)]);
  expect([window.find(key("a")), window.find(key("b"))]).toEqual([20, 21]);
});

test("wholeGroup writes every line, also one that is there twice", () => {
  const group = wholeGroup(lines("a", "a"));
  expect(group.fresh).toHaveLength(2);
  expect(group.settle(3)).toEqual([fresh(3), fresh(4)]);
});
