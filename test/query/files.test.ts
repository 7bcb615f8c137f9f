import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findFiles } from "../../src/query/files.js";
import { exampleRows, segment, temporaryDirectory, text, writeFiles } from "./support.js";

async function namesOf(directory: string, ...paths: readonly string[]): Promise<readonly string[]> {
  const { files } = await findFiles(paths.map((path) => join(directory, path)));
  return files.map(({ path }) => path.slice(directory.length + 1));
}

test("findFiles lists a journal's files oldest first, a range once, and nothing else of the directory", async () => {
  const directory = temporaryDirectory();
  writeFiles(directory, {
    "sessions.jsonl": "",
    "sessions.jsonl.lock": "",
    "sessions.state": "",
    "sessions.sha256": "",
    "sessions.jsonl.torn-20260101T000000.000Z": "",
    [segment(3, 4)]: "",
    [segment(1, 2)]: "",
    [`${segment(1, 2)}.gz`]: "",
    [`${segment(5, 6)}.gz`]: "",
    [`${segment(5, 6)}.gz.tmp`]: "",
    "sessions-old.jsonl": "",
    "rejects.jsonl": "",
  });
  const all = [`${segment(1, 2)}.gz`, segment(3, 4), `${segment(5, 6)}.gz`, "sessions.jsonl"];
  expect(await namesOf(directory, "")).toEqual(all);
  expect(await namesOf(directory, "sessions.jsonl")).toEqual(all);
  expect(await namesOf(directory, segment(3, 4), segment(1, 2))).toEqual([segment(3, 4), segment(1, 2)]);
  expect(await namesOf(directory, "rejects.jsonl", "rejects.jsonl")).toEqual(["rejects.jsonl"]);
  expect((await findFiles([directory])).warnings).toEqual([]);
});

test("findFiles reads sealed segments without an active file, and tells gaps and rows claimed twice", async () => {
  const directory = temporaryDirectory();
  writeFiles(directory, { [segment(1, 2)]: "", [segment(5, 6)]: "", [segment(6, 7)]: "" });
  const { files, warnings } = await findFiles([join(directory, "sessions.jsonl")]);
  expect(files.length).toBe(3);
  expect(warnings).toEqual([
    expect.stringContaining("sequences 3 to 4 are missing before it"),
    expect.stringContaining("begins at sequence 6, expected 7"),
  ]);
});

test("findFiles has the same rows after compression, others after sealing", async () => {
  const directory = temporaryDirectory();
  writeFiles(directory, { "sessions.jsonl": "", [segment(1, 2)]: "" });
  const before = await findFiles([directory]);
  writeFiles(directory, { [`${segment(1, 2)}.gz`]: "" });
  const compressed = await findFiles([directory]);
  expect(compressed.rows).toBe(before.rows);
  expect(compressed.names).not.toBe(before.names);
  writeFiles(directory, { [segment(3, 4)]: "" });
  expect((await findFiles([directory])).rows).not.toBe(before.rows);
});

test.each([
  ["", "there is no session log here"],
  ["none", "no such file or directory"],
  ["none.jsonl", "there is no session log here"],
  ["none/sessions.jsonl", "there is no session log here"],
  [segment(1, 2), "no such file or directory"],
])("findFiles says that %j is no journal", async (path, message) => {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, "sub"));
  await expect(findFiles([join(directory, path)])).rejects.toThrow(`${join(directory, path)}: ${message}`);
});

test("findFiles asks which of several logs is meant, unless others are not session logs", async () => {
  const directory = temporaryDirectory();
  writeFiles(directory, { "a.jsonl": "", "b.jsonl": "" });
  await expect(findFiles([directory])).rejects.toThrow("several session logs here, name one of a.jsonl, b.jsonl");
  writeFiles(directory, { "b.jsonl.lock": "" });
  expect(await namesOf(directory, "")).toEqual(["b.jsonl"]);
  writeFiles(directory, { "a.jsonl": text(exampleRows.slice(0, 1)) });
  await expect(findFiles([directory])).rejects.toThrow("several session logs here, name one of a.jsonl, b.jsonl");
});

test("findFiles finds the sealed segments beside the file that a link leads to", async () => {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, "a"));
  writeFiles(join(directory, "a"), { "sessions.jsonl": "", [segment(1, 2)]: "" });
  symlinkSync("a/sessions.jsonl", join(directory, "log.jsonl"));
  symlinkSync("a", join(directory, "b"));
  const all = [`a/${segment(1, 2)}`, "a/sessions.jsonl"];
  expect(await namesOf(directory, "log.jsonl")).toEqual(all);
  expect(await namesOf(directory, "b")).toEqual(all);
  expect(await namesOf(directory, "b/sessions.jsonl")).toEqual(all);
  await expect(findFiles([directory])).rejects.toThrow(
    `there is no session log here; log.jsonl: is a link to ${directory}/a/sessions.jsonl; name that file to read`,
  );
});

test("findFiles follows no link that is named as a segment, and says so", async () => {
  const directory = temporaryDirectory();
  writeFiles(directory, { "sessions.jsonl": "", [segment(3, 4)]: "" });
  symlinkSync("/etc/passwd", join(directory, segment(1, 2)));
  expect(await namesOf(directory, "sessions.jsonl")).toEqual([segment(3, 4), "sessions.jsonl"]);
  expect((await findFiles([directory])).warnings).toEqual([
    `${join(directory, segment(1, 2))}: is not a regular file; skipped, links are not followed`,
  ]);
});
