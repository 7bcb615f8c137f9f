import { readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { nodeDisk } from "../../../src/journal/index.js";
import {
  ask,
  checksumLine,
  exampleRows,
  read,
  rowsOf,
  segment,
  temporaryDirectory,
  text,
  writeFiles,
} from "../support.js";
import {
  answersOf,
  COUNT,
  compact,
  copies,
  copyOf,
  FILTERS,
  listChecksums,
  makeJournal,
  openJournal,
  plainJournal,
  RANGES,
  readText,
} from "./support.js";

describe("compactJournal", () => {
  test.each(["none", "gzip"] as const)(
    "questions count each row once while a service seals and compresses (%s), and compact works",
    async (compress) => {
      const directory = temporaryDirectory();
      const journal = await openJournal(directory, compress);
      const acknowledged: string[] = [];
      let written = 0;
      let done = false;
      const write = async () => {
        for (let from = 0; from < 300; from += 50) {
          written = from + 50;
          const rows = exampleRows.slice(from, written);
          expect(await journal.append(rows.map((row) => Buffer.from(`${row}\n`)))).toMatchObject({ kind: "appended" });
          acknowledged.push(...rows);
          await journal.rotate();
          // As long as a question takes, so that each meets another state.
          await ask(directory, COUNT);
        }
        done = true;
      };
      const compactAll = async () => {
        while (!done) await compact(directory, { force: acknowledged.length % 100 === 0 });
      };
      const askAll = async () => {
        while (!done) {
          const least = acknowledged.length;
          const [[rows, ids] = []] = await ask(directory, COUNT);
          expect(rows).toBe(ids);
          expect(rows).toBeGreaterThanOrEqual(least);
          expect(rows).toBeLessThanOrEqual(written);
        }
      };
      await Promise.all([write(), compactAll(), askAll()]);
      await journal.drain();
      await compact(directory);
      expect(copies(directory)).toHaveLength(6);
      const rows = "SELECT count(*), sum(hash(s)) FROM sessions AS s";
      const answer = await ask(directory, rows);
      for (const name of copies(directory)) rmSync(join(directory, name));
      expect(await ask(directory, rows)).toEqual(answer);
    },
    120_000,
  );

  test("every question has the same answer from lines, from copies and from both", async () => {
    const directory = makeJournal();
    const before = await Promise.all(FILTERS.map((filter) => answersOf(directory, { filter })));
    expect(before[0]?.value.size).toBeGreaterThan(20);
    expect(before[0]?.warnings.length).toBeGreaterThan(3);
    const report = await compact(directory);
    expect(report).toMatchObject({ compacted: { length: 4 }, already: 0, later: [], failed: [] });
    for (const [index, filter] of FILTERS.entries())
      expect(await answersOf(directory, { filter })).toEqual(before[index]);
    rmSync(join(directory, copyOf(301, 600)));
    rmSync(join(directory, copyOf(701, 701)));
    expect(await answersOf(directory)).toEqual(before[0]);
    expect(copies(directory)).toHaveLength(2);
  });

  test("the segments of a log without an active file are read from copies alone", async () => {
    const directory = makeJournal();
    rmSync(join(directory, "sessions.jsonl"));
    const before = await answersOf(directory);
    await compact(directory);
    expect(await answersOf(directory)).toEqual(before);
    // DuckDB does not open what it does not need.
    for (const [first, last] of RANGES.slice(1, 2)) writeFileSync(join(directory, segment(first, last)), "changed");
    expect((await answersOf(directory)).value).toEqual(before.value);
  });

  test("a copy has the row's columns after its sequence, and says what it is", async () => {
    const directory = makeJournal();
    await compact(directory);
    const files = [copyOf(301, 600), copyOf(601, 700)].map((name) => join(directory, name));
    const tables = [{ name: "copy", column: "sequence", file_column: "sequence", path: files[1] ?? "" }];
    const answer = await read(
      directory,
      (reader) =>
        rowsOf(
          reader,
          "SELECT min(sequence::INT), max(sequence::INT), min(record ->> 'schema'), max(record ->> 'schema') FROM copy",
        ),
      { tables },
    );
    const [[first, last, ...schemas] = []] = answer.value;
    expect([first, schemas]).toEqual([601, ["session.iterate.v1", "session.iterate.v1"]]);
    expect(last).toBeLessThanOrEqual(700);
    expect(statSync(files[0] ?? "").mode & 0o777).toBe(0o640 & ~process.umask());
    const listed = copies(directory).map((name) => checksumLine(join(directory, name)));
    expect(readText(directory, "sessions.parquet.sha256")).toBe(listed.join(""));
  });

  test("done again, it does nothing; with force, all", async () => {
    const directory = plainJournal();
    await compact(directory);
    const before = readdirSync(directory).map((name) => statSync(join(directory, name)).mtimeMs);
    expect(await compact(directory)).toMatchObject({ compacted: [], already: 2 });
    expect(readdirSync(directory).map((name) => statSync(join(directory, name)).mtimeMs)).toEqual(before);
    expect(await compact(directory, { dry_run: true, force: true })).toMatchObject({ compacted: { length: 2 } });
    expect(await compact(directory, { force: true })).toMatchObject({ compacted: { length: 2 }, already: 0 });
  });

  test("a dry run changes nothing", async () => {
    const directory = plainJournal();
    const before = readdirSync(directory);
    const report = await compact(directory, { dry_run: true });
    expect(report.compacted).toEqual([segment(1, 50), segment(51, 100)]);
    expect(readdirSync(directory)).toEqual(before);
  });

  test("a segment that was sealed a moment ago, or has no checksum yet, is left to the next run", async () => {
    const directory = plainJournal();
    listChecksums(directory, [segment(51, 100)]);
    const now = new Date("2026-05-02T05:22:09Z");
    utimesSync(join(directory, segment(51, 100)), now, now);
    const at = (ms: number) => ({ now_ms: () => now.getTime() + ms });
    expect(await compact(directory, at(599_000))).toMatchObject({
      compacted: [],
      later: [
        { name: segment(1, 50), why: "has no checksum in sessions.sha256 yet" },
        { name: segment(51, 100), why: "was sealed a moment ago" },
      ],
      failed: [],
    });
    expect(await compact(directory, at(600_000))).toMatchObject({ compacted: [segment(51, 100)] });
  });

  test("a damaged segment fails, and the others are done", async () => {
    const directory = plainJournal();
    writeFileSync(join(directory, segment(1, 50)), text(exampleRows.slice(0, 49)));
    expect(await compact(directory)).toMatchObject({
      compacted: [segment(51, 100)],
      failed: [{ name: segment(1, 50), why: expect.stringContaining("does not match its checksum") }],
    });
    listChecksums(directory, [segment(1, 50), segment(51, 100)]);
    expect(await compact(directory)).toMatchObject({
      already: 1,
      failed: [{ name: segment(1, 50), why: expect.stringContaining("has 49 lines, expected 50 by its name") }],
    });
    expect(copies(directory)).toEqual([copyOf(51, 100)]);
  });

  test("what an interrupted run left, and copies whose segment is gone, are removed", async () => {
    const directory = plainJournal();
    await compact(directory);
    rmSync(join(directory, segment(1, 50)));
    writeFiles(directory, { [`${copyOf(51, 100)}.tmp`]: "half", "sessions.parquet.sha256.tmp": "half" });
    // Nobody is told of those who were in it.
    expect(await ask(directory, COUNT)).toEqual([[60, 60]]);
    expect(await compact(directory)).toMatchObject({ removed: [copyOf(1, 50)], already: 1 });
    expect(copies(directory)).toEqual([copyOf(51, 100)]);
    expect(readdirSync(directory).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    expect(readText(directory, "sessions.parquet.sha256")).toBe(checksumLine(join(directory, copyOf(51, 100))));
  });

  test("a segment that is compressed later is copied again", async () => {
    const directory = plainJournal();
    await compact(directory);
    writeFileSync(join(directory, `${segment(1, 50)}.gz`), gzipSync(text(exampleRows.slice(0, 50))));
    rmSync(join(directory, segment(1, 50)));
    listChecksums(directory, [`${segment(1, 50)}.gz`, segment(51, 100)]);
    const { value, warnings, incomplete } = await read(directory, (reader) => rowsOf(reader, COUNT));
    expect([value, incomplete]).toEqual([[[110, 110]], false]);
    expect(warnings).toEqual([expect.stringContaining(`was made of another file than ${segment(1, 50)}.gz is now`)]);
    expect(await compact(directory)).toMatchObject({ compacted: [`${segment(1, 50)}.gz`], already: 1 });
  });

  test("it waits while another process maintains the log, and can be stopped", async () => {
    const directory = plainJournal();
    const lock = await nodeDisk.lock(join(directory, "sessions.maintenance.lock"));
    const controller = new AbortController();
    let waits = 0;
    const sleep = async () => void (++waits === 3 && (await lock?.release()));
    await compact(directory, { sleep });
    expect(waits).toBeGreaterThanOrEqual(3);
    const held = await nodeDisk.lock(join(directory, "sessions.maintenance.lock"));
    const stop = async () => controller.abort(new Error("stopped"));
    await expect(compact(directory, { sleep: stop, signal: controller.signal })).rejects.toThrow("stopped");
    await held?.release();
  });

  test("stopped while it works, it leaves no half file", async () => {
    const directory = plainJournal();
    const controller = new AbortController();
    const onTemporary = (path: string) => path.endsWith(".tmp") && controller.abort(new Error("stopped"));
    await expect(compact(directory, { signal: controller.signal, onTemporary })).rejects.toThrow("stopped");
    expect(readdirSync(directory).filter((name) => /parquet/.test(name))).toEqual([]);
  });

  test.each([
    ["an empty directory", () => temporaryDirectory(), "there is no session log here"],
    ["a path that is not there", () => join(temporaryDirectory(), "nope"), "no such file or directory"],
    ["a segment", () => join(plainJournal(), segment(1, 50)), "is not a session log's directory or active file"],
  ])("%s is refused", async (_, make, message) => {
    await expect(compact(make())).rejects.toThrow(message);
  });

  test("a log without segments has nothing to compact", async () => {
    const directory = temporaryDirectory();
    writeFiles(directory, { "sessions.jsonl": text(exampleRows.slice(0, 3)) });
    expect(await compact(directory)).toMatchObject({ compacted: [], already: 0, bytes: 0 });
  });
});
