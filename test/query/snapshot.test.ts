import { readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { takeSnapshot } from "../../src/query/snapshot.js";
import { segment, temporaryDirectory, writeFiles } from "./support.js";

test("takeSnapshot holds uncompressed files, whatever becomes of their names", async () => {
  const directory = temporaryDirectory();
  writeFiles(directory, { [segment(1, 1)]: "one", [`${segment(2, 2)}.gz`]: "two", "sessions.jsonl": "three" });
  const snapshot = await takeSnapshot([directory]);
  const [one = "", two = "", active = ""] = snapshot.files.map(({ path }) => path);
  rmSync(one);
  renameSync(active, join(directory, segment(3, 3)));
  const read = (path: string) => readFileSync(snapshot.openPath(path), "utf8");
  expect([read(one), read(active), snapshot.openPath(two)]).toEqual(["one", "three", two]);
  expect([one, two, active].map((path) => snapshot.nameOf(snapshot.openPath(path)))).toEqual([one, two, active]);
  await snapshot.close();
});

test("takeSnapshot says that there is no log", async () => {
  await expect(takeSnapshot([temporaryDirectory()])).rejects.toThrow("there is no session log here");
});
