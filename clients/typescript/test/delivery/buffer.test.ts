import { expect, test } from "vitest";
import { createRowBuffer } from "../../src/delivery/buffer.js";

function setUp(options: { rows_max?: number; bytes_max?: number; overflow?: "oldest" | "newest" } = {}) {
  const counts = { dropped: 0 };
  const buffer = createRowBuffer({
    rows_max: 3,
    bytes_max: 100,
    overflow: "oldest",
    ...options,
    onDrop: () => void counts.dropped++,
  });
  const put = (...texts: string[]) => texts.forEach((text) => void buffer.put(Buffer.from(text)));
  return {
    buffer,
    put,
    counts,
    texts: (rows: readonly Uint8Array[]) => rows.map((row) => `${Buffer.from(row)}`).join(),
  };
}

test("createRowBuffer gives rows in order, cut by rows and bytes", () => {
  const { buffer, put, texts } = setUp({ rows_max: 10 });
  put("a", "bb", "cc", "d");
  expect(texts(buffer.take(2, 100))).toBe("a,bb");
  buffer.settle(2);
  expect(texts(buffer.take(10, 2))).toBe("cc");
  buffer.settle(1);
  expect(texts(buffer.take(10, 0))).toBe("d");
  expect(buffer.size).toEqual({ rows: 1, bytes: 1 });
});

test("createRowBuffer drops the oldest rows that are not under way", () => {
  const { buffer, put, counts, texts } = setUp();
  put("a", "b");
  buffer.take(1, 100);
  put("c", "d", "e");
  expect(counts.dropped).toBe(2);
  expect(texts(buffer.drain())).toBe("a,d,e");
});

test("createRowBuffer drops the newest row", () => {
  const { buffer, put, counts, texts } = setUp({ overflow: "newest" });
  put("a", "b", "c", "d", "e");
  expect(counts.dropped).toBe(2);
  expect(texts(buffer.drain())).toBe("a,b,c");
});

test("createRowBuffer keeps to its bytes, and drops a row that is larger than all, but no other", () => {
  const { buffer, put, counts, texts } = setUp({ rows_max: 100, bytes_max: 10 });
  put("aaaa", "bbbb", "cccc");
  expect(buffer.size).toEqual({ rows: 2, bytes: 8 });
  put("x".repeat(11));
  expect(buffer.size).toEqual({ rows: 2, bytes: 8 });
  expect(counts.dropped).toBe(2);
  put("dd");
  expect(texts(buffer.drain())).toBe("bbbb,cccc,dd");
});

test("createRowBuffer drops a row only that has no room beside those under way", () => {
  const { buffer, put, counts, texts } = setUp({ rows_max: 100, bytes_max: 10 });
  put("aaaa", "bb");
  buffer.take(2, 100);
  buffer.settle(1);
  put("cc", "dd", "x".repeat(9));
  expect(counts.dropped).toBe(1);
  put("e".repeat(8));
  expect(counts.dropped).toBe(3);
  expect(texts(buffer.drain())).toBe(`bb,${"e".repeat(8)}`);
  put("f".repeat(10));
  expect(texts(buffer.drain())).toBe("f".repeat(10));
});

test("settled resolves once the rows put before are gone, not those put later", async () => {
  const { buffer, put } = setUp({ rows_max: 10 });
  await buffer.settled();
  put("a", "b");
  let done = false;
  const settled = buffer.settled().then(() => {
    done = true;
  });
  put("c");
  buffer.take(1, 100);
  buffer.settle(1);
  await Promise.resolve();
  expect(done).toBe(false);
  buffer.take(1, 100);
  buffer.settle(1);
  await settled;
  expect(buffer.size.rows).toBe(1);
});

test("createRowBuffer stays in order over many rows", () => {
  const { buffer, put, texts } = setUp({ rows_max: 10_000, bytes_max: 1_000_000 });
  const seen: string[] = [];
  for (let number = 0; number < 9_000; number++) {
    put(`${number}`);
    if (number % 3 === 2) {
      const rows = buffer.take(2, 1_000);
      seen.push(texts(rows));
      buffer.settle(rows.length);
    }
  }
  seen.push(texts(buffer.drain()));
  expect(seen.join()).toBe(Array.from({ length: 9_000 }, (_, number) => number).join());
});
