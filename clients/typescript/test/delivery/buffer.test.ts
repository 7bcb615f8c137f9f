import { expect, test } from "vitest";
import { createRecordBuffer } from "../../src/delivery/buffer.js";

function setUp(options: { records_max?: number; bytes_max?: number; overflow?: "oldest" | "newest" } = {}) {
  const counts = { dropped: 0, now_ms: 0 };
  const buffer = createRecordBuffer({
    records_max: 3,
    bytes_max: 100,
    overflow: "oldest",
    ...options,
    onDrop: () => void counts.dropped++,
    monotonic_ms: () => counts.now_ms,
  });
  const put = (...texts: string[]) => texts.forEach((text) => void buffer.put(Buffer.from(text)));
  return {
    buffer,
    put,
    counts,
    texts: (records: readonly Uint8Array[]) => records.map((row) => `${Buffer.from(row)}`).join(),
  };
}

test("createRecordBuffer gives records in order, cut by records and bytes", () => {
  const { buffer, put, texts } = setUp({ records_max: 10 });
  put("a", "bb", "cc", "d");
  expect(texts(buffer.take(2, 100))).toBe("a,bb");
  buffer.settle(2);
  expect(texts(buffer.take(10, 2))).toBe("cc");
  buffer.settle(1);
  expect(texts(buffer.take(10, 0))).toBe("d");
  expect(buffer.size).toEqual({ records: 1, bytes: 1 });
});

test("createRecordBuffer drops the oldest records that are not in flight", () => {
  const { buffer, put, counts, texts } = setUp();
  put("a", "b");
  buffer.take(1, 100);
  put("c", "d", "e");
  expect(counts.dropped).toBe(2);
  expect(texts(buffer.drain())).toBe("a,d,e");
});

test("createRecordBuffer drops the newest record", () => {
  const { buffer, put, counts, texts } = setUp({ overflow: "newest" });
  put("a", "b", "c", "d", "e");
  expect(counts.dropped).toBe(2);
  expect(texts(buffer.drain())).toBe("a,b,c");
});

test("createRecordBuffer keeps to its bytes, and drops a record that is larger than all, but no other", () => {
  const { buffer, put, counts, texts } = setUp({ records_max: 100, bytes_max: 10 });
  put("aaaa", "bbbb", "cccc");
  expect(buffer.size).toEqual({ records: 2, bytes: 8 });
  put("x".repeat(11));
  expect(buffer.size).toEqual({ records: 2, bytes: 8 });
  expect(counts.dropped).toBe(2);
  put("dd");
  expect(texts(buffer.drain())).toBe("bbbb,cccc,dd");
});

test("createRecordBuffer drops a record only that has no room beside those in flight", () => {
  const { buffer, put, counts, texts } = setUp({ records_max: 100, bytes_max: 10 });
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

test("settled resolves once the records put before are gone, not those put later", async () => {
  const { buffer, put } = setUp({ records_max: 10 });
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
  expect(buffer.size.records).toBe(1);
});

test("createRecordBuffer stays in order over many records", () => {
  const { buffer, put, texts } = setUp({ records_max: 10_000, bytes_max: 1_000_000 });
  const seen: string[] = [];
  for (let number = 0; number < 9_000; number++) {
    put(`${number}`);
    if (number % 3 === 2) {
      const records = buffer.take(2, 1_000);
      seen.push(texts(records));
      buffer.settle(records.length);
    }
  }
  seen.push(texts(buffer.drain()));
  expect(seen.join()).toBe(Array.from({ length: 9_000 }, (_, number) => number).join());
});

test("oldest_ms is when the first record was put that is not settled", () => {
  const { buffer, put, counts } = setUp();
  expect(buffer.oldest_ms).toBeUndefined();
  for (const text of ["a", "b", "c"]) {
    counts.now_ms += 10;
    put(text);
  }
  expect(buffer.oldest_ms).toBe(10);
  buffer.take(1, 100);
  expect(buffer.oldest_ms).toBe(10);
  buffer.settle(1);
  expect(buffer.oldest_ms).toBe(20);
  buffer.drain();
  expect(buffer.oldest_ms).toBeUndefined();
});
