import { createHash } from "node:crypto";
import { basename } from "node:path";
import { setImmediate } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { journalNames } from "../../../src/journal/format.js";
import { findJournals } from "../../../src/journal/inspect/find_journals.js";
import type { Finding } from "../../../src/journal/inspect/findings.js";
import { inspectJournal } from "../../../src/journal/inspect/inspect.js";
import { COMPRESS, SUFFIXES } from "../../support/compression.js";
import { createSimulatedDisk, type SimulatedDisk } from "../../support/simulated_disk.js";
import { adoptsTestRows, openTestJournal, PATH, row, rows } from "../support.js";

const digits = (sequence: number) => String(sequence).padStart(20, "0");
const sealed = (first: number, last: number) => `/data/sessions-${digits(first)}-${digits(last)}.jsonl`;
const names = journalNames(PATH);

/** Rows 1 to 4 sealed by two, row 5 in the active file. */
async function makeDisk(compress: (typeof COMPRESS)[number] = "none"): Promise<SimulatedDisk> {
  const { journal, disk } = await openTestJournal({ compress });
  for (const n of [1, 3]) {
    await journal.append([row(n), row(n + 1)]);
    await journal.rotate();
  }
  await journal.append([row(5)]);
  const ending = `.jsonl${SUFFIXES[compress]}`;
  const listed = () => disk.content(names.checksums)?.toString() ?? "";
  const sealedPaths = () => disk.paths().filter((path) => /-\d{20}\./.test(path));
  const finished = (path: string) => path.endsWith(ending) && listed().includes(`${basename(path)}\n`);
  const all = () => sealedPaths().length === 2 && sealedPaths().every(finished);
  for (let turns = 0; turns < 100_000 && !all(); turns++) await setImmediate();
  await journal.drain();
  return disk;
}

interface Hooks {
  readonly sleep?: (pauses: number) => void;
  /** Called after each line. */
  readonly line?: (number: number) => void;
}

async function inspect(disk: SimulatedDisk, hooks: Hooks = {}) {
  const findings: Finding[] = [];
  const lines: string[] = [];
  let pauses = 0;
  const inspected = await inspectJournal({
    disk,
    names,
    onFinding: (finding) => findings.push(finding),
    onLine(line) {
      lines.push(`${line.file}:${line.number}: ${line.bytes?.toString().slice(0, 40)}${line.ended ? "" : "…"}`);
      hooks.line?.(lines.length);
    },
    rest: async () => {},
    async sleep() {
      pauses += 1;
      hooks.sleep?.(pauses);
    },
  });
  const told = findings.map(({ severity, file, message }) => `${severity} ${file}: ${message}`);
  return { ...inspected, told, lines, pauses };
}

describe("inspectJournal", () => {
  test.each(COMPRESS)("inspectJournal reads every row in order, compressed with %s", async (compress) => {
    const disk = await makeDisk(compress);
    const before = disk.operations.length;
    const { told, lines, ...inspected } = await inspect(disk);
    expect(told).toEqual([]);
    expect(lines.map((line) => /"n":(\d+)/.exec(line)?.[1])).toEqual(["1", "2", "3", "4", "5"]);
    expect(inspected).toEqual({ segments: 3, rows: 5, copies: 0, sequences: { first: 1, last: 5 }, pauses: 0 });
    const kinds = new Set(disk.operations.slice(before).map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(["close", "fileStatus", "list", "open", "pathStatus", "read"]);
  });

  test("inspectJournal names a segment without permission, and reads the others", async () => {
    const disk = await makeDisk();
    disk.failNext("open", "EACCES", sealed(1, 2));
    const { told, rows: count } = await inspect(disk);
    expect(told).toEqual([`problem ${sealed(1, 2).slice(6)}: cannot be read: EACCES: simulated failure`]);
    expect(count).toBe(3);
  });

  test("inspectJournal names what it cannot read of the others", async () => {
    const disk = await makeDisk();
    disk.failNext("open", "EACCES", names.active);
    disk.failNext("open", "EACCES", names.checksums);
    const { told, sequences } = await inspect(disk);
    expect(told.filter((each) => each.startsWith("problem"))).toEqual([
      "problem sessions.sha256: cannot be read: EACCES: simulated failure",
      "problem sessions.jsonl: cannot be read: EACCES: simulated failure",
    ]);
    expect(sequences).toEqual({ first: 1, last: 4 });
  });

  test("inspectJournal waits for the end of a line that a service is writing", async () => {
    const disk = await makeDisk();
    const written = row(6);
    disk.append(PATH, written.subarray(0, 20));
    const {
      told,
      rows: count,
      pauses,
    } = await inspect(disk, {
      sleep: (pause) => {
        if (pause === 3) disk.append(PATH, written.subarray(20));
      },
    });
    expect({ told, count, pauses }).toEqual({ told: [], count: 6, pauses: 3 });
  });

  test("inspectJournal gives up on a line that stays torn", async () => {
    const disk = await makeDisk();
    disk.append(PATH, '{"to');
    const { lines, pauses } = await inspect(disk);
    expect(lines.at(-1)).toBe('sessions.jsonl:2: {"to…');
    expect(pauses).toBe(9);
  });

  test("inspectJournal does not take a rotation under way for damage", async () => {
    const { journal, disk } = await openTestJournal({});
    await journal.append([row(1)]);
    const hold = disk.holdNext("read", PATH);
    const inspecting = inspect(disk);
    await hold.reached;
    await journal.rotate();
    await journal.append([row(2), row(3)]);
    hold.release();
    const { told, rows: count } = await inspecting;
    expect(told.filter((each) => each.startsWith("problem"))).toEqual([]);
    expect(count).toBe(3);
  });

  test("inspectJournal follows a segment that is compressed meanwhile", async () => {
    const disk = await makeDisk();
    const gzip = gzipSync(disk.content(sealed(3, 4)) ?? "");
    const { told, rows: count } = await inspect(disk, {
      line(number) {
        if (number !== 1) return;
        disk.put(`${sealed(3, 4)}.gz`, gzip);
        const digest = createHash("sha256").update(gzip).digest("hex");
        const lines = disk.content(names.checksums)?.toString().split("\n") ?? [];
        disk.put(names.checksums, `${lines[0]}\n${digest}  ${sealed(3, 4).slice(6)}.gz\n`);
        disk.delete(sealed(3, 4));
      },
    });
    expect({ told, count }).toEqual({ told: [], count: 5 });
  });

  test.each<[string, number, string]>([
    ["as the oldest", 1, `note ${sealed(1, 2).slice(6)}: was removed meanwhile, as the oldest`],
    ["from the middle", 3, `problem ${sealed(3, 4).slice(6)}: was removed meanwhile`],
  ])("inspectJournal tells of a segment that is removed meanwhile %s", async (_how, first, expected) => {
    const disk = await makeDisk();
    const hold = disk.holdNext("open", names.checksums);
    const inspecting = inspect(disk);
    await hold.reached;
    disk.delete(sealed(first, first + 1));
    disk.delete(names.checksums);
    disk.put(names.checksums, "");
    hold.release();
    const { told } = await inspecting;
    expect(told.filter((each) => each.includes("meanwhile"))).toEqual([expected]);
  });

  test("inspectJournal keeps no line of more than 16 MiB", async () => {
    const disk = createSimulatedDisk();
    disk.put(
      `${sealed(1, 3)}.gz`,
      gzipSync(Buffer.concat([row(1), Buffer.alloc(40_000_000), Buffer.from("\n"), row(3)])),
    );
    const { lines, rows: count } = await inspect(disk);
    expect(lines).toContain(`${sealed(1, 3).slice(6)}.gz:2: undefined`);
    expect(count).toBe(3);
  });

  test.each<[string, string, string, string[]]>([
    ["of the sealed file, when the next one is empty", '{"first_sequence":3}\n', "", []],
    ["that knows fewer rows than there are", '{"first_sequence":5,"next_sequence":6}\n', rows(5, 6), []],
    [
      "that knows more rows than there are",
      '{"first_sequence":5,"next_sequence":9}\n',
      rows(5),
      ["problem sessions.jsonl: sequences 6 to 8 are missing at its end, according to sessions.state"],
    ],
    [
      "that gives sealed sequences again",
      '{"first_sequence":4}\n',
      rows(5),
      ["problem sessions.jsonl: begins at sequence 4, expected 5: two files claim the same rows"],
    ],
    [
      "that leaves a gap",
      '{"first_sequence":7}\n',
      "",
      ["problem sessions.jsonl: sequences 5 to 6 are missing before it"],
    ],
  ])("inspectJournal judges a state %s", async (_what, state, active, expected) => {
    const disk = await makeDisk();
    disk.put(names.state, state);
    disk.put(PATH, active);
    expect((await inspect(disk)).told).toEqual(expected);
  });

  test("inspectJournal counts on from the sealed files without a state", async () => {
    const disk = await makeDisk();
    disk.delete(names.state);
    const { told, sequences } = await inspect(disk);
    expect(told).toEqual(["note sessions.state: is missing; the next start continues after the sealed files"]);
    expect(sequences).toEqual({ first: 1, last: 5 });
  });
});

describe("findJournals", () => {
  test("findJournals tells journals from other files", async () => {
    const disk = createSimulatedDisk();
    for (const [name, content] of Object.entries({
      "a.jsonl": rows(1),
      "a.jsonl.lock": "",
      [`b-${digits(1)}-${digits(2)}.jsonl.gz`]: "",
      "b.sha256": "",
      "c.state": '{"first_sequence":1}\n',
      "c.jsonl.torn-20260502T052209.123Z": "",
      "d.state": "running",
      "e.jsonl": "[]\nx\n",
      "f.jsonl.lock": "",
      [`g-${digits(0)}-${digits(2)}.jsonl`]: rows(1),
      ".jsonl": rows(1),
    })) {
      disk.put(`/data/${name}`, content);
    }
    disk.put("/data/h.jsonl", rows(1));
    disk.failNext("open", "EACCES", "/data/h.jsonl");
    const { journals, foreign } = await findJournals(disk, "/data", adoptsTestRows);
    expect(journals.map(({ stem }) => stem)).toEqual(["a", "b", "c"]);
    expect(foreign.map(({ severity, file, message }) => `${severity} ${file}: ${message}`)).toEqual([
      "note .jsonl: is not a file of a session log",
      "note d.state: is not a file of a session log",
      "note e.jsonl: contains no row of a session log; another program's file",
      "note f.jsonl.lock: is not a file of a session log",
      `problem g-${digits(0)}-${digits(2)}.jsonl: its name contains an impossible range of sequences`,
      "problem h.jsonl: cannot be read: EACCES: simulated failure",
    ]);
  });
});
