import { basename } from "node:path";
import { expect, test } from "vitest";
import { journalNames, segmentName } from "../../../src/journal/format.js";
import { findDisorder, listSegments, segmentsAmong } from "../../../src/journal/sealed/segments.js";
import { createSimulatedDisk } from "../../support/simulated_disk.js";

const names = journalNames("/data/sessions.jsonl");

test("listSegments puts a segment and its compressed twins together, oldest first", async () => {
  const disk = createSimulatedDisk(() => 0);
  await disk.makeDirectory("/data");
  for (const path of [
    segmentName(names, 5, 9),
    `${segmentName(names, 1, 4)}.zst`,
    `${segmentName(names, 1, 4)}.gz`,
    segmentName(names, 1, 4),
    "/data/x",
    segmentName(journalNames("/data/other.jsonl"), 1, 4),
  ]) {
    const file = await disk.open(path, "replace");
    await file.close();
  }
  expect(await listSegments(disk, names)).toEqual({
    segments: [
      {
        first: 1,
        last: 4,
        plain: segmentName(names, 1, 4),
        compressed: [".gz", ".zst"].map((suffix) => segmentName(names, 1, 4) + suffix),
      },
      { first: 5, last: 9, plain: segmentName(names, 5, 9), compressed: [] },
    ],
    skipped: [],
    orphans: [],
  });
});

test("segmentsAmong takes regular files only, and reports the others by name", () => {
  const entry = (path: string, regular: boolean) => ({ name: basename(path), regular });
  const [link, twin, other] = [segmentName(names, 1, 4), segmentName(names, 5, 9), segmentName(names, 10, 12)];
  const { segments, skipped } = segmentsAmong(
    [entry(link, false), entry(twin, true), entry(`${twin}.gz`, false), entry(other, true), entry("x.jsonl", false)],
    names,
  );
  expect(segments).toEqual([
    { first: 5, last: 9, plain: twin, compressed: [] },
    { first: 10, last: 12, plain: other, compressed: [] },
  ]);
  const message = "is not a regular file; skipped, links are not followed";
  expect(skipped).toEqual([
    { path: link, message },
    { path: `${twin}.gz`, message },
  ]);
});

test("findDisorder names gaps and rows that two files claim", () => {
  const segment = (first: number, last: number) => ({ first, last, plain: `s${first}`, compressed: [] });
  const disorder = (segments: Parameters<typeof findDisorder>[0], active_first?: number) =>
    findDisorder(
      segments,
      active_first === undefined ? undefined : { path: "the active file", first: active_first },
    ).map(({ path, message }) => `${path}: ${message}`);
  expect(disorder([segment(1, 4), segment(5, 9)], 10)).toEqual([]);
  expect(disorder([segment(3, 4)], 5)).toEqual([]);
  expect(disorder([segment(1, 4), segment(7, 9)], 12)).toEqual([
    "s7: sequences 5 to 6 are missing before it",
    "the active file: sequences 10 to 11 are missing before it",
  ]);
  expect(disorder([segment(1, 4), segment(3, 9)], undefined)).toEqual([
    "s3: begins at sequence 3, expected 5: two files claim the same rows",
  ]);
});
