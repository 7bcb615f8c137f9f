import { expect, test } from "vitest";
import { createRequestQueue } from "../../src/journal/queue.js";
import { MEBIBYTE } from "./support.js";

function request(rows: number, bytes: number) {
  const settled: string[] = [];
  return {
    lines: Array.from({ length: rows }, () => Buffer.alloc(0)),
    bytes,
    settled,
    settle: (text: string) => void settled.push(text),
  };
}

test("offer takes what exactly fits, and refuses one row or byte more without a trace", () => {
  const queue = createRequestQueue<string>(3, 100);
  expect(queue.offer(request(2, 60))).toBe(true);
  expect(queue.offer(request(2, 1))).toBe(false);
  expect(queue.offer(request(1, 41))).toBe(false);
  expect(queue.offer(request(1, 40))).toBe(true);
  expect(queue).toMatchObject({ rows: 3, bytes: 100, waiting: 2 });
});

test("takeGroup takes the oldest that fit into 8 MiB, in order", () => {
  const queue = createRequestQueue<string>(100, 100 * MEBIBYTE);
  const offered = [3, 5, 1, 8].map((size) => request(1, size * MEBIBYTE));
  for (const each of offered) queue.offer(each);
  expect(queue.takeGroup()).toEqual(offered.slice(0, 2));
  expect(queue.takeGroup()).toEqual(offered.slice(2, 3));
  expect(queue.takeGroup()).toEqual(offered.slice(3));
  expect(queue.takeGroup()).toEqual([]);
});

test("takeGroup takes one that is larger than a group alone", () => {
  const queue = createRequestQueue<string>(100, 100 * MEBIBYTE);
  const large = request(1, 9 * MEBIBYTE);
  queue.offer(large);
  queue.offer(request(1, 1));
  expect(queue.takeGroup()).toEqual([large]);
});

test("what was taken counts until release settles it", () => {
  const queue = createRequestQueue<string>(10, 100);
  const offered = request(2, 50);
  queue.offer(offered);
  const group = queue.takeGroup();
  expect(queue).toMatchObject({ rows: 2, bytes: 50, waiting: 0 });
  queue.release(group, () => "done");
  expect(queue).toMatchObject({ rows: 0, bytes: 0, waiting: 0 });
  expect(offered.settled).toEqual(["done"]);
});

test("takeAll takes everything that waits", () => {
  const queue = createRequestQueue<string>(100, 100 * MEBIBYTE);
  const offered = [8, 8].map((size) => request(1, size * MEBIBYTE));
  for (const each of offered) queue.offer(each);
  expect(queue.takeAll()).toEqual(offered);
  expect(queue.waiting).toBe(0);
});
