import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { checkFiles } from "../../src/query/integrity.js";
import { checksumLine, exampleRows, segment, temporaryDirectory, text, writeFiles } from "./support.js";

const signal = new AbortController().signal;

function file(path: string, fallback?: string) {
  return { path, fallback, active: false };
}

function damage(path: string, how: (bytes: Buffer) => Buffer): void {
  writeFileSync(path, how(readFileSync(path)));
}

test.each<[string, (bytes: Buffer) => Buffer]>([
  ["cut off", (bytes) => bytes.subarray(0, bytes.length * 0.7)],
  ["without its end", (bytes) => bytes.subarray(0, -8)],
  [
    "altered",
    (bytes) => Buffer.concat([bytes.subarray(0, 900), Buffer.of((bytes[900] ?? 0) ^ 0x55), bytes.subarray(901)]),
  ],
  ["no gzip at all", () => Buffer.from("hello")],
  ["empty", () => Buffer.alloc(0)],
])("checkFiles names a gzip file that is %s, and passes the others", async (_how, change) => {
  const directory = temporaryDirectory();
  const [bad, good] = [join(directory, `${segment(1, 9)}.gz`), join(directory, `${segment(10, 19)}.gz`)];
  writeFiles(directory, {
    [`${segment(1, 9)}.gz`]: text(exampleRows.slice(0, 9)),
    [`${segment(10, 19)}.gz`]: text(exampleRows.slice(9, 19)),
  });
  const checksums = checksumLine(bad) + checksumLine(good);
  damage(bad, change);
  const expected = { sound: [good], damaged: [expect.stringMatching(`^${bad}: left out: damaged gzip: `)] };
  expect(await checkFiles([file(bad), file(good)], signal)).toEqual({ ...expected, sealed: new Set() });
  writeFileSync(join(directory, "sessions.sha256"), checksums);
  expect(await checkFiles([file(bad), file(good)], signal)).toEqual({ ...expected, sealed: new Set([good]) });
  const marks = [bad, good].map((path) => `# odd lines: ${basename(path)}\n`).join("");
  writeFileSync(join(directory, "sessions.sha256"), checksums + marks);
  expect(await checkFiles([file(bad), file(good)], signal)).toEqual({ ...expected, sealed: new Set() });
});

test("checkFiles takes the plain twin of a damaged gzip file", async () => {
  const directory = temporaryDirectory();
  writeFiles(directory, { "x.jsonl": text(exampleRows.slice(0, 2)) });
  writeFileSync(join(directory, "x.jsonl.gz"), "no");
  const plain = join(directory, "x.jsonl");
  expect(await checkFiles([file(`${plain}.gz`, plain)], signal)).toEqual({
    sound: [plain],
    damaged: [],
    sealed: new Set(),
  });
});

test("checkFiles leaves a file that has gone to the one who reads it", async () => {
  const gone = join(temporaryDirectory(), "gone.jsonl.gz");
  expect(await checkFiles([file(gone)], signal)).toEqual({ sound: [gone], damaged: [], sealed: new Set() });
});

test("checkFiles stops when it is told to", async () => {
  const directory = temporaryDirectory();
  writeFiles(directory, { "x.jsonl.gz": text(exampleRows) });
  const path = join(directory, "x.jsonl.gz");
  await expect(checkFiles([file(path)], AbortSignal.abort(new Error("enough")))).rejects.toThrow("enough");
});
