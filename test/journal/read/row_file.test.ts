import { describe, expect, test } from "vitest";
import { openSegment, type RowFile } from "../../../src/journal/read/row_file.js";
import { COMPRESS, compressedFor, SUFFIXES } from "../../support/compression.js";
import { createSimulatedDisk } from "../../support/simulated_disk.js";
import { numbers, row } from "../support.js";

const signal = new AbortController().signal;
const pause = () => Promise.resolve();
const FIRST = 101;

/** A segment of that many rows of 1,000 bytes, whose numbers are their sequences. */
async function segment(count: number, compress: (typeof COMPRESS)[number]): Promise<RowFile> {
  const disk = createSimulatedDisk();
  const content = Buffer.concat(Array.from({ length: count }, (_, index) => row(FIRST + index, 1000)));
  const path = `/segment${SUFFIXES[compress]}`;
  disk.put(path, compressedFor(path, content));
  const files = compress === "none" ? { plain: path, compressed: [] } : { plain: undefined, compressed: [path] };
  const file = await openSegment(disk, { first: FIRST, last: FIRST + count - 1, ...files });
  if (file === undefined) throw new Error("it is not there");
  return file;
}

async function read(file: RowFile, from: number): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  for await (const { first_sequence, lines } of file.read(from)) {
    for (const [index, line] of lines.entries()) {
      const [number] = numbers(Buffer.concat([line, Buffer.from("\n")]));
      expect(number).toBe(first_sequence + index);
      found.push(number);
    }
  }
  return found;
}

const sequences = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);
const numberIs = (accept: (number: unknown) => boolean) => (line: Buffer) => accept(JSON.parse(String(line)).n);

// 1,000 rows are four windows from the end.
describe.each(COMPRESS)("a segment, compress = %s", (kind) => {
  test.each([1, 101, 102, 500, 839, 1100])("read gives the rows from %i on", async (from) => {
    expect(await read(await segment(1000, kind), from)).toEqual(sequences(Math.max(FIRST, from), 1100));
  });

  test("read gives nothing from behind its last row on", async () => {
    expect(await read(await segment(3, kind), 104)).toEqual([]);
  });

  test.each([
    [3, 1101, [1098, 1099, 1100]],
    [2, 600, [598, 599]],
    [1, 102, [101]],
    [5, 103, [101, 102]],
    [5, 101, []],
  ])("findLast gives %i sequences before %i", async (count, before, expected) => {
    const file = await segment(1000, kind);
    expect(await file.findLast({ count, wanted: () => true, signal, pause }, before)).toEqual(expected);
  });

  test("findLast counts only what is wanted", async () => {
    const wanted = numberIs((number) => Number(number) % 300 === 0);
    const file = await segment(1000, kind);
    expect(await file.findLast({ count: 2, wanted, signal, pause }, 1101)).toEqual([600, 900]);
    expect(await file.findLast({ count: 9, wanted, signal, pause }, 1101)).toEqual([300, 600, 900]);
  });

  test("findLast stops when it is told to", async () => {
    const file = await segment(1000, kind);
    const stop = new AbortController();
    const wanted = () => {
      stop.abort(new Error("enough"));
      return false;
    };
    await expect(file.findLast({ count: 1, wanted, signal: stop.signal, pause }, 1101)).rejects.toThrow("enough");
  });
});

test("a row that is longer than a window is found from the end", async () => {
  const disk = createSimulatedDisk();
  disk.put("/segment", Buffer.concat([row(1), row(2, 3_000_000), row(3)]));
  const file = await openSegment(disk, { first: 1, last: 3, plain: "/segment", compressed: [] });
  expect(await file?.findLast({ count: 2, wanted: () => true, signal, pause }, 4)).toEqual([2, 3]);
  expect(file && (await read(file, 2))).toEqual([2, 3]);
});

describe("openSegment", () => {
  test("openSegment gives undefined for a file that is gone", async () => {
    const gone = { first: 1, last: 3, plain: "/gone", compressed: [] };
    expect(await openSegment(createSimulatedDisk(), gone)).toBeUndefined();
  });

  test("openSegment tells that a file cannot be opened when it is read", async () => {
    const disk = createSimulatedDisk();
    disk.put("/segment", row(1));
    disk.failNext("open", "EACCES", "/segment");
    const file = await openSegment(disk, { first: 1, last: 1, plain: "/segment", compressed: [] });
    await expect(file?.read(1).next()).rejects.toMatchObject({ code: "EACCES" });
    await expect(file?.findLast({ count: 1, wanted: () => true, signal, pause }, 2)).rejects.toMatchObject({
      code: "EACCES",
    });
  });
});
