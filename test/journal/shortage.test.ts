import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Journal } from "../../src/journal/index.js";
import { JournalShortage } from "../../src/journal/index.js";
import type { ManualClock } from "../support/manual_clock.js";
import type { Operation, SimulatedDisk } from "../support/simulated_disk.js";
import { createTestJournal, type MemoryLog, openTestJournal, PATH, row, told } from "./support.js";

const CODES = ["EMFILE", "ENFILE", "ENOMEM"];
/** The long form, of faults/simulated_disk.mjs, fails each operation with each code, the short form with the next one. */
const LONG = process.env.CRASH_RUNS !== undefined;
/** A failed write or sync is not passing; ftruncate(2) and close(2) fail with none of the codes. */
const NOT_PASSING = ["write", "sync", "truncate", "close", "closeDirectory", "release"];
/** What takes a descriptor. */
const OPENING = ["open", "openDirectory", "list", "lock"];

const OPTIONS = {
  dedupe_rows: 100,
  compress: "gzip",
  rotation: { max_bytes: 150, interval: "none" },
  retention: { max_age_ms: 0, max_segments: 1, max_bytes: 0 },
} as const;

type Parts = ReturnType<typeof createTestJournal>;

async function until(clock: ManualClock, done: () => boolean): Promise<void> {
  // gzip works in threads, in real time.
  const gives_up = performance.now() + 60_000;
  for (let turns = 1; !done(); turns++) {
    await setImmediate();
    if (turns % 20 === 0) await clock.advance(1_000);
    if (performance.now() > gives_up) throw new Error("it was waited for in vain");
  }
}

async function open({ journal, clock }: Parts): Promise<void> {
  let opened = false;
  const opening = journal.open().then(() => {
    opened = true;
  });
  await Promise.race([opening, until(clock, () => opened)]);
}

/** As a client that sends again what was refused. */
async function append({ journal, clock }: Parts, ...numbers: readonly number[]): Promise<number> {
  for (let tries = 0; tries < 20; tries++) {
    const sequences = await told(journal.append(numbers.map((n) => row(n))));
    if (typeof sequences !== "string") return sequences[0] ?? 0;
    expect(sequences).toBe("disk_full");
    await clock.advance(1_000);
  }
  throw new Error("it was refused for good");
}

async function readAll(journal: Journal): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  for (let tries = 0; tries < 5; tries++) {
    try {
      for await (const { first_sequence, lines } of journal.read(1)) {
        for (const [index, line] of lines.entries()) found.set(JSON.parse(String(line)).n, first_sequence + index);
      }
      return found;
    } catch (error) {
      expect(error).toBeInstanceOf(JournalShortage);
    }
  }
  throw new Error("it was not read");
}

const segments = (disk: SimulatedDisk) => disk.paths().filter((path) => path.startsWith("/data/sessions-"));
const settled = (disk: SimulatedDisk) =>
  segments(disk).length <= OPTIONS.retention.max_segments && segments(disk).every((path) => path.endsWith(".gz"));

/** Two lives with all that the journal does to its files. */
async function live(refuses: SimulatedDisk["refuses"]): Promise<{ disk: SimulatedDisk; logs: readonly MemoryLog[] }> {
  const first = createTestJournal(OPTIONS);
  const { journal, disk, clock } = first;
  disk.refuses = refuses;
  await open(first);
  await append(first, 1, 2);
  await append(first, 3);
  await journal.rotate();
  await append(first, 4);
  disk.move(PATH, "/data/taken");
  await clock.advance(6_000);
  await append(first, 5);
  disk.delete(PATH);
  const sequences = new Map([[6, await append(first, 6)]]);
  disk.append(PATH, row(100));
  sequences.set(7, await append(first, 7));
  await journal.rotate();
  await clock.advance(6_000);
  disk.failNextWrite(10, PATH);
  await append(first, 10);
  disk.append(PATH, "not a row\n");
  sequences.set(8, await append(first, 8));
  await until(clock, () => settled(disk));
  // The other program's row is not there when the group after it had to be taken back.
  expect([...(await readAll(journal))]).toEqual(expect.arrayContaining([...sequences]));
  await journal.drain();
  expect(journal.state).toBe("closed");

  const second = createTestJournal({ ...OPTIONS, disk });
  await open(second);
  expect(await append(second, 8)).toBe(sequences.get(8));
  expect(await append(second, 9)).toBe((sequences.get(8) ?? 0) + 1);
  await second.journal.drain();
  expect(second.journal.state).toBe("closed");
  return { disk, logs: [first.log, second.log] };
}

describe("a shortage of descriptors or memory", () => {
  test("a shortage at any operation ends nothing and loses nothing", { timeout: 300_000 }, async () => {
    const clean = await live(() => undefined);
    const kinds = new Set(clean.disk.operations.map(({ kind }) => kind));
    for (const kind of ["mountedAt", "resolve", "list", "remove", "setModified"]) expect(kinds).toContain(kind);
    for (let at = 0; at < clean.disk.operations.length; at++) {
      for (const code of LONG ? CODES : CODES.slice(at % CODES.length).slice(0, 1)) {
        let failed: Operation | undefined;
        const refuses = (operation: Operation, index: number) => {
          if (index !== at || NOT_PASSING.includes(operation.kind)) return undefined;
          failed = operation;
          return code;
        };
        await live(refuses).catch((error: unknown) => {
          throw new Error(`${code} at operation ${at}, ${failed?.kind} ${failed?.path}: ${error}`, { cause: error });
        });
      }
    }
  });

  test.each(CODES)(
    "while %s lasts, appends go on in the old file, one warning is logged, and the rest follows",
    async (code) => {
      const made = await openTestJournal({ ...OPTIONS, rotation: { max_bytes: 0, interval: "none" } });
      const { journal, disk, clock, log } = made;
      await append(made, 1);
      disk.refuses = ({ kind }) => (OPENING.includes(kind) ? code : undefined);
      await journal.rotate();
      expect(await told(journal.append([row(2)]))).toEqual([2]);
      await clock.advance(60_000);
      expect(await told(journal.append([row(3)]))).toEqual([3]);
      expect(segments(disk)).toEqual([]);
      disk.move(PATH, "/data/taken");
      await clock.advance(60_000);
      expect(await told(journal.append([row(4)]))).toEqual([4]);
      disk.move("/data/taken", PATH);
      expect(log.text().match(/short of descriptors or memory/g)).toHaveLength(1);
      expect(log.text()).not.toContain("was moved");
      await expect(readAll(journal)).rejects.toThrow("it was not read");

      disk.refuses = () => undefined;
      await clock.advance(5_000);
      await until(clock, () => segments(disk).length === 1 && settled(disk));
      expect(await told(journal.append([row(5)]))).toEqual([5]);
      expect(await readAll(journal)).toEqual(new Map([1, 2, 3, 4, 5].map((n) => [n, n])));
    },
  );

  test("while nothing can be opened, rows for a deleted file are refused, and stored once it can", async () => {
    const made = await openTestJournal();
    const { journal, disk, clock } = made;
    await append(made, 1);
    disk.delete(PATH);
    disk.refuses = ({ kind }) => (OPENING.includes(kind) ? "EMFILE" : undefined);
    const refused = await journal.append([row(2)]);
    expect(refused).toMatchObject({
      kind: "disk_full",
      message: expect.stringContaining("EMFILE"),
      retry_after_ms: 1_000,
    });
    await clock.advance(10_000);
    expect(journal.state).toBe("disk_full");
    disk.refuses = () => undefined;
    expect(await append(made, 2)).toBe(2);
  });

  test("open waits while nothing can be opened, and then knows the last rows", async () => {
    const first = await openTestJournal(OPTIONS);
    await append(first, 1);
    await first.journal.drain();
    const { disk } = first;
    const made = createTestJournal({ ...OPTIONS, disk });
    // Each open of the file fails once: for writing, for its repair, for the rows that are to be recognised.
    let opens = 0;
    disk.refuses = ({ kind, path }) =>
      kind === "open" && path === PATH && [0, 2, 5].includes(opens++) ? "EMFILE" : undefined;
    await open(made);
    expect(made.log.text()).toContain("cannot be opened yet, trying each second");
    expect(await append(made, 1)).toBe(1);
  });
});
