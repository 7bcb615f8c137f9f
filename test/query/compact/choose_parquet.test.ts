import { readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { exampleRows, read, rowsOf, segment } from "../support.js";
import { COUNT, compact, copies, copyOf, listChecksums, plainJournal } from "./support.js";

describe("copies that are not believed", () => {
  /** Makes a journal, compacts it, spoils the first copy, and asks. */
  async function askSpoilt(spoil: (path: string, directory: string) => unknown) {
    const directory = plainJournal();
    await compact(directory);
    await spoil(join(directory, copyOf(1, 50)), directory);
    return {
      directory,
      ...(await read(directory, (reader) => rowsOf(reader, "SELECT session_id, prompt FROM sessions ORDER BY 1"))),
    };
  }
  const expected = exampleRows
    .slice(0, 110)
    .map((row) => JSON.parse(row))
    .map(({ session_id, prompt }) => [session_id, prompt])
    .sort(([a], [b]) => (a < b ? -1 : 1));

  test.each<[string, (path: string, directory: string) => unknown, RegExp]>([
    ["empty", (path) => writeFileSync(path, ""), /cannot be read/],
    ["cut off", (path) => writeFileSync(path, readFileSync(path).subarray(0, 3000)), /cannot be read/],
    ["without a footer", (path) => writeFileSync(path, readFileSync(path).subarray(0, -8)), /cannot be read/],
    ["another program's", (path, directory) => writeOther(path, directory), /is no copy of a segment/],
    ["of a newer version", (path) => replace(path, '"version":1', '"version":2'), /is of version 2, expected 1/],
    [
      "of another range",
      (path, directory) => writeFileSync(path, readFileSync(join(directory, copyOf(51, 100)))),
      /has sequences 51 to 100/,
    ],
    ["of another source", (_, directory) => changeSource(directory), /was made of another file than/],
    [
      "of a segment without a checksum",
      (_, directory) => listChecksums(directory, [segment(51, 100)]),
      /has no checksum yet/,
    ],
    ["damaged in a page", (path) => damage(path), /./],
  ])("%s", async (_, spoil, why) => {
    const { directory, value, warnings, incomplete } = await askSpoilt(spoil);
    expect(value).toEqual(expected);
    expect([warnings, incomplete]).toEqual([[expect.stringMatching(why)], false]);
    expect(warnings[0]).toContain(`${join(directory, copyOf(1, 50))}: `);
    expect(warnings[0]).toMatch(/; not used: run sessionlog compact$/);
  });

  test("a link, which is not followed", async () => {
    const { value, warnings } = await askSpoilt((path, directory) => {
      rmSync(path);
      symlinkSync(join(directory, copyOf(51, 100)), path);
    });
    expect([value, warnings]).toEqual([expected, []]);
  });

  test("one warning for all of them", async () => {
    const directory = plainJournal();
    await compact(directory);
    for (const name of copies(directory)) writeFileSync(join(directory, name), "PAR1");
    const { warnings } = await read(directory, (reader) => rowsOf(reader, COUNT));
    expect(warnings).toEqual([expect.stringMatching(/; not used, and 1 more: run sessionlog compact$/)]);
  });
});

/** Bytes of the same length. */
function replace(path: string, from: string, to: string): void {
  const bytes = readFileSync(path).toString("latin1");
  expect(bytes).toContain(from);
  writeFileSync(path, Buffer.from(bytes.replace(from, to), "latin1"));
}

/** The same rows, in another order of keys: as if the segment had been rewritten. */
function changeSource(directory: string): void {
  const path = join(directory, segment(1, 50));
  writeFileSync(
    path,
    readFileSync(path, "utf8")
      .replaceAll('"schema":"session.iterate.v1",', "")
      .replaceAll(/}$/gm, ',"schema":"session.iterate.v1"}'),
  );
  listChecksums(directory, [segment(1, 50), segment(51, 100)]);
}

/** Bytes in the middle, where the prompts are. */
function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes.fill(0xff, 1000, Math.floor(bytes.length / 2));
  writeFileSync(path, bytes);
}

async function writeOther(path: string, directory: string): Promise<void> {
  const output = join(directory, "other.parquet");
  await read(directory, (reader) => reader.copyToParquet("SELECT * FROM sessions LIMIT 3"), { output });
  writeFileSync(path, readFileSync(output));
  rmSync(output);
}
