import { describe, expect, test } from "vitest";
import type { Journal } from "../../../src/journal/index.js";
import { settled } from "../../support/manual_clock.js";
import { createRandom } from "../../support/random.js";
import { createTestJournal, numbers, openTestJournal, PATH, row, rows, type TestJournal } from "../support.js";

const signal = new AbortController().signal;
const pause = () => Promise.resolve();
const segment = (first: number, last: number) =>
  `/data/sessions-${String(first).padStart(20, "0")}-${String(last).padStart(20, "0")}.jsonl`;

/** What a reader sees: the sequence of each row, and where rows are missing `first-last`. */
async function read(journal: Journal, from: number): Promise<readonly unknown[]> {
  const seen: unknown[] = [];
  let next = from;
  for await (const { first_sequence, lines } of journal.read(from)) {
    if (first_sequence > next) seen.push(`${next}-${first_sequence - 1}`);
    expect(first_sequence).toBeGreaterThanOrEqual(next);
    seen.push(...lines.map((line) => numbers(Buffer.concat([line, Buffer.from("\n")]))[0]));
    next = first_sequence + lines.length;
  }
  return seen;
}

/** A journal whose rows 1 to 6 are in two segments, and 7 and 8 in the active file. */
async function sealedTwice(options: Parameters<typeof openTestJournal>[0] = {}): Promise<TestJournal> {
  const made = await openTestJournal(options);
  for (const numbers of [
    [1, 2, 3],
    [4, 5, 6],
    [7, 8],
  ]) {
    await made.journal.append(numbers.map((n) => row(n)));
    if (numbers[0] !== 7) await made.journal.rotate();
  }
  await settled();
  return made;
}

describe("read", () => {
  test.each([1, 3, 4, 5, 7, 8, 9, 100])("read gives the rows from %i on, over all files", async (from) => {
    const { journal } = await sealedTwice();
    expect(await read(journal, from)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].filter((n) => n >= from));
    expect(journal.next_sequence).toBe(9);
  });

  test("read goes on in what becomes of the file that it reads: sealed, compressed, the plain one removed", async () => {
    const { journal, disk } = await sealedTwice({ compress: "gzip" });
    const seen: unknown[] = [];
    for await (const { lines } of journal.read(4)) {
      seen.push(...lines.map((line) => JSON.parse(String(line)).n));
      if (seen.length > 8) continue;
      await journal.append([row(journal.next_sequence)]);
      await journal.rotate();
      await expect.poll(() => disk.paths().filter((path) => /\d\.jsonl$/.test(path))).toEqual([]);
    }
    expect(seen).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });

  test("read passes over a segment that was removed, and goes on behind it", async () => {
    const { journal, disk } = await sealedTwice();
    disk.delete(segment(1, 3));
    expect(await read(journal, 2)).toEqual(["2-3", 4, 5, 6, 7, 8]);
  });

  test("read passes over a damaged segment, with a warning that names it", async () => {
    const { journal, disk, log } = await sealedTwice();
    disk.put(`${segment(4, 6)}.gz`, Buffer.from("no gzip"));
    disk.delete(segment(4, 6));
    expect(await read(journal, 1)).toEqual([1, 2, 3, "4-6", 7, 8]);
    expect(log.entries.at(-1)).toMatchObject({ level: "warn", fields: { path: `${segment(4, 6)}.gz` } });
  });

  test.each([
    ["fewer", [1, 2], [1, 2, "3-3", 4, 5, 6, 7, 8]],
    ["no", [], ["1-3", 4, 5, 6, 7, 8]],
    ["more", [1, 2, 3, 100], [1, 2, 3, 4, 5, 6, 7, 8]],
  ])("read never numbers rows anew when a segment has %s rows than its name says", async (_, left, expected) => {
    const { journal, disk } = await sealedTwice();
    disk.put(segment(1, 3), rows(...left));
    expect(await read(journal, 1)).toEqual(expected);
    expect((await read(journal, 3)).filter((seen) => typeof seen === "number" && seen < 3)).toEqual([]);
  });

  test("read tells that rows of the active file are gone when it was cut", async () => {
    const { journal, disk, log } = await sealedTwice();
    disk.cut(PATH, row(7).length);
    expect(await read(journal, 7)).toEqual([7, "8-8"]);
    expect(log.text()).toContain("ends before row 8, expected rows up to 8");
  });

  test("read goes on when the directory cannot be listed, and says so", async () => {
    const { journal, disk, log } = await sealedTwice();
    disk.failNext("list", "EIO");
    expect(await read(journal, 1)).toEqual(["1-8"]);
    expect(log.text()).toContain("EIO");
    expect(await read(journal, 7)).toEqual([7, 8]);
  });

  test("read gives rows of another program once the file that has them is sealed", async () => {
    const { journal, disk } = await sealedTwice();
    disk.append(PATH, row(100));
    const heard: unknown[] = [];
    journal.onRows((first, lines) => heard.push([first, lines.length]));
    await journal.rotate();
    expect([journal.next_sequence, heard]).toEqual([10, [[10, 0]]]);
    expect(await read(journal, 7)).toEqual([7, 8, 100]);
  });

  test("read tells that rows are gone with the file that was moved away", async () => {
    const { journal, disk, clock } = await sealedTwice();
    disk.move(PATH, "/data/elsewhere");
    expect(await read(journal, 6)).toEqual([6, "7-8"]);
    await clock.advance(1000);
    await journal.append([row(9)]);
    expect(await read(journal, 6)).toEqual([6, "7-8", 9]);
  });

  test("read of what was there at start, and before the journal is open of nothing", async () => {
    const { disk, journal: first } = await sealedTwice();
    await first.drain();
    const { journal } = createTestJournal({ disk });
    expect(await read(journal, 1)).toEqual([]);
    await journal.open();
    expect(await read(journal, 1)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test("read never gives a row that is not durable", async () => {
    const { journal, disk } = await openTestJournal();
    await journal.append([row(1)]);
    const sync = disk.holdNext("sync", PATH);
    const second = journal.append([row(2)]);
    await sync.reached;
    expect(journal.next_sequence).toBe(2);
    sync.release();
    await second;
    expect(await read(journal, 1)).toEqual([1, 2]);
  });
});

describe("findLast", () => {
  test.each([
    [1, 8],
    [2, 7],
    [3, 6],
    [7, 2],
    [8, 1],
    [1000, 1],
  ])("findLast of %i gives the sequence to read from, over all files", async (count, expected) => {
    const { journal } = await sealedTwice();
    expect(await journal.findLast({ count, wanted: () => true, signal, pause })).toBe(expected);
  });

  test("findLast of rows that there are not gives undefined", async () => {
    const { journal } = await sealedTwice();
    expect(await journal.findLast({ count: 1, wanted: () => false, signal, pause })).toBeUndefined();
    const { journal: empty } = await openTestJournal();
    expect(await empty.findLast({ count: 1, wanted: () => true, signal, pause })).toBeUndefined();
  });

  test("findLast looks into the segments when the active file was moved away", async () => {
    const { journal, disk } = await sealedTwice();
    disk.move(PATH, "/data/elsewhere");
    expect(await journal.findLast({ count: 2, wanted: () => true, signal, pause })).toBe(5);
  });

  test("findLast passes over segments that are missing or damaged", async () => {
    const { journal, disk, log } = await sealedTwice();
    disk.put(`${segment(4, 6)}.gz`, Buffer.from("no gzip"));
    disk.delete(segment(4, 6));
    expect(await journal.findLast({ count: 4, wanted: () => true, signal, pause })).toBe(2);
    expect(log.text()).toContain("cannot be read");
  });
});

describe("onRows", () => {
  test("onRows tells each row once, in order, when it is durable and before its ack", async () => {
    const { journal, disk } = await openTestJournal({ dedupe_rows: 100 });
    const heard: unknown[] = [];
    const off = journal.onRows((first, lines) => {
      for (const [index, line] of lines.entries()) heard.push([first + index, ...numbers(Buffer.from(line))]);
    });
    const sync = disk.holdNext("sync", PATH);
    const first = journal.append([row(1)]).then(() => expect(heard[0]).toEqual([1, 1]));
    const others = [journal.append([row(2), row(1)]), journal.append([row(3)])];
    await sync.reached;
    expect(heard).toEqual([]);
    sync.release();
    await Promise.all([first, ...others]);
    off();
    await journal.append([row(4)]);
    expect(heard).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
  });

  test("onRows tells nothing of a group that was refused", async () => {
    const { journal, disk } = await openTestJournal();
    let heard = 0;
    journal.onRows(() => heard++);
    disk.failNextWrite("ENOSPC", PATH);
    await journal.append([row(1)]);
    expect([heard, journal.next_sequence]).toEqual([0, 1]);
  });
});

test("a reader that comes at any moment sees every row once, in order, while the journal is rotated and compressed", async () => {
  for (let seed = 0; seed < 30; seed++) {
    const random = createRandom(seed);
    const { journal } = await openTestJournal({ compress: random.below(2) === 0 ? "gzip" : "none" });
    const readers: Promise<void>[] = [];
    for (let n = 1; n <= 40; n++) {
      await journal.append([row(n)]);
      if (random.below(4) === 0) void journal.rotate();
      if (random.below(3) === 0) {
        const from = 1 + random.below(n);
        const expected = n;
        readers.push(
          read(journal, from).then((seen) => {
            expect(seen.length).toBeGreaterThanOrEqual(expected - from + 1);
            expect(seen).toEqual(seen.map((_, index) => from + index));
          }),
        );
      }
    }
    await Promise.all(readers);
    await journal.drain();
  }
});
