import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { dedupeGroup, digestsOf, wholeGroup } from "../../src/journal/dedupe.js";
import { createDedupeWindow, type DedupeWindow } from "../../src/journal/digest_window.js";

const lines = (...texts: string[]) => texts.map((text) => Buffer.from(`${text}\n`));
const key = (text: string) => digestsOf([Buffer.from(text)], 0);
const find = (window: DedupeWindow, text: string) => window.find(key(text), 0);
const fresh = (sequence: number) => ({ sequence, duplicate: false });
const repeated = (sequence: number) => ({ sequence, duplicate: true });

test("digestsOf hashes each row as a leaf of an RFC 6962 tree, whatever its length", () => {
  const rows = ["", "a", "é".repeat(1000), "x".repeat(65_535), "x".repeat(65_536), "x".repeat(65_537), "y"].map(
    (text) => Buffer.from(text),
  );
  const wanted = rows.map((row) =>
    createHash("sha256")
      .update(Buffer.concat([Buffer.alloc(1), row]))
      .digest(),
  );
  const inLines = rows.map((row) => Buffer.concat([row, Buffer.from("\n")]));
  for (const digests of [digestsOf(rows, 0), digestsOf(inLines, 1)]) {
    expect(Buffer.from(digests.buffer).equals(Buffer.concat(wanted))).toBe(true);
  }
});

test("dedupeGroup finds what the window and the group itself have, and enters the rest once it is durable", () => {
  const window = createDedupeWindow(10);
  window.add(key("old"), 0, 7);
  const group = dedupeGroup(window, lines("a", "old", "b", "a"));
  expect(group.fresh.map(String)).toEqual(["a\n", "b\n"]);
  expect(find(window, "a")).toBeUndefined();
  expect(group.settle(20)).toEqual([fresh(20), repeated(7), fresh(21), repeated(20)]);
  expect([find(window, "a"), find(window, "b")]).toEqual([20, 21]);
});

test("wholeGroup writes every line, also one that is there twice", () => {
  const group = wholeGroup(lines("a", "a"));
  expect(group.fresh).toHaveLength(2);
  expect(group.settle(3)).toEqual([fresh(3), fresh(4)]);
});
