import { expect, test } from "vitest";
import { createDedupeWindow, DIGEST_WORDS, firstEqual } from "../../src/journal/digest_window.js";
import { createRandom } from "../support/random.js";

/** Digests of which some begin at the same slot, and some differ in the last word only. */
const digestsOf = (...numbers: number[]) =>
  Int32Array.from(numbers.flatMap((number) => [number % 997, ...new Array<number>(DIGEST_WORDS - 2).fill(0), number]));

test("createDedupeWindow forgets the oldest row when it is full", () => {
  const window = createDedupeWindow(2);
  const digests = digestsOf(1, 2, 3);
  for (const index of [0, 1, 2]) window.add(digests, index, index + 1);
  expect([0, 1, 2].map((index) => window.find(digests, index))).toEqual([undefined, 2, 3]);
});

test("createDedupeWindow keeps the first sequence of a row that is added twice, and keeps none when it has no room", () => {
  const window = createDedupeWindow(2);
  const digests = digestsOf(1, 2);
  window.add(digests, 0, 1);
  window.add(digests, 0, 2);
  window.add(digests, 1, 3);
  expect([window.find(digests, 0), window.find(digests, 1)]).toEqual([1, 3]);
  const none = createDedupeWindow(0);
  none.add(digests, 0, 1);
  expect(none.find(digests, 0)).toBeUndefined();
});

test.each([1, 2, 3, 1000, 1024, 1025, 5000, Number.POSITIVE_INFINITY])(
  "createDedupeWindow does as a list of its last %d rows",
  (rows) => {
    const random = createRandom(11);
    const window = createDedupeWindow(rows);
    const kept = new Map<number, number>();
    const wrong: number[] = [];
    for (let sequence = 1; sequence <= 20_000; sequence++) {
      const number = random.chance(0.5) ? random.below(9_000) : random.below(40);
      const digests = digestsOf(number);
      if (window.find(digests, 0) !== kept.get(number)) wrong.push(sequence);
      window.add(digests, 0, sequence);
      if (!kept.has(number)) kept.set(number, sequence);
      const [oldest] = kept.keys();
      if (kept.size > rows && oldest !== undefined) kept.delete(oldest);
    }
    expect(wrong).toEqual([]);
  },
);

test("firstEqual finds the first of each", () => {
  expect([...firstEqual(digestsOf(5, 6, 5, 12, 12, 6, 19))]).toEqual([0, 1, 0, 3, 3, 1, 6]);
  expect([...firstEqual(digestsOf())]).toEqual([]);
});
