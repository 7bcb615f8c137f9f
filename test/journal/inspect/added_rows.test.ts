import { describe, expect, test } from "vitest";
import { journalNames } from "../../../src/journal/format.js";
import {
  findEnd,
  JournalChanged,
  type Position,
  readAddedRows,
  readRow,
} from "../../../src/journal/inspect/added_rows.js";
import { settled } from "../../support/manual_clock.js";
import type { SimulatedDisk } from "../../support/simulated_disk.js";
import { openTestJournal, PATH, row } from "../support.js";

const NAMES = journalNames(PATH);

/** Reads what has been added, as another process does. */
function createReader(disk: SimulatedDisk, from: Position) {
  let position = from;
  return {
    /** The sequences with the numbers of the test rows. */
    async next(): Promise<readonly string[]> {
      const seen: string[] = [];
      for await (const { rows, position: after } of readAddedRows(disk, NAMES, position)) {
        for (const [index, line] of rows.lines.entries()) {
          seen.push(`${rows.first_sequence + index}: ${JSON.parse(String(line)).n}`);
        }
        position = after;
      }
      return seen;
    },
    position: () => position,
  };
}

const same = (...numbers: readonly number[]) => numbers.map((n) => `${n}: ${n}`);

describe("readAddedRows", () => {
  test.each(["none", "gzip"] as const)("gives each row once, over rotation with compression %s", async (compress) => {
    const { journal, disk } = await openTestJournal({ compress });
    await journal.append([row(1), row(2)]);
    const reader = createReader(disk, await findEnd(disk, NAMES));
    expect(await reader.next()).toEqual([]);
    await journal.append([row(3)]);
    expect(await reader.next()).toEqual(same(3));
    await journal.append([row(4)]);
    await journal.rotate();
    await settled();
    await journal.append([row(5)]);
    await journal.rotate();
    await settled();
    await journal.append([row(6)]);
    expect(await reader.next()).toEqual(same(4, 5, 6));
    expect(await reader.next()).toEqual([]);
    expect(reader.position().sequence).toBe(7);
    await journal.append([row(7)]);
    expect(await reader.next()).toEqual(same(7));
  });

  test("goes on where its caller stopped within a sealed file", async () => {
    const { journal, disk } = await openTestJournal();
    await journal.append([row(1)]);
    const begun = await findEnd(disk, NAMES);
    await journal.append([row(2), row(3)]);
    await journal.rotate();
    await settled();
    const first = await readAddedRows(disk, NAMES, begun).next();
    expect(first.value?.position.sequence).toBe(4);
    await journal.append([row(4)]);
    expect(await createReader(disk, first.value?.position ?? begun).next()).toEqual(same(4));
  });

  test("begins with a log that is not there yet", async () => {
    const { disk, journal } = await openTestJournal();
    const reader = createReader(disk, { sequence: 1, active: undefined });
    await journal.append([row(1)]);
    expect(await reader.next()).toEqual(same(1));
  });

  test("leaves a line that is being written for later", async () => {
    const { disk, journal } = await openTestJournal();
    await journal.append([row(1)]);
    const reader = createReader(disk, await findEnd(disk, NAMES));
    disk.append(PATH, row(2).subarray(0, 10));
    expect(await reader.next()).toEqual([]);
    disk.append(PATH, Buffer.concat([row(2).subarray(10), Buffer.from("\n"), row(3)]));
    expect(await reader.next()).toEqual(same(2, 3));
  });

  test("reports rows that are gone", async () => {
    const { disk, journal } = await openTestJournal();
    await journal.append([row(1), row(2)]);
    const reader = createReader(disk, await findEnd(disk, NAMES));
    disk.cut(PATH, row(1).length);
    await expect(reader.next()).rejects.toThrow(JournalChanged);
    disk.delete(PATH);
    await expect(reader.next()).rejects.toThrow(`${PATH}: has been moved or deleted`);
  });
});

test("readRow gives a row's bytes, sealed or not, and undefined for one that is not there", async () => {
  const { journal, disk } = await openTestJournal({ compress: "gzip" });
  await journal.append([row(1), row(2)]);
  await journal.rotate();
  await settled();
  await journal.append([row(3)]);
  const position = await findEnd(disk, NAMES);
  const read = async (sequence: number) => (await readRow(disk, NAMES, position, sequence))?.toString();
  expect(await read(2)).toBe(row(2).toString().trimEnd());
  expect(await read(3)).toBe(row(3).toString().trimEnd());
  expect(await read(4)).toBeUndefined();
});
