import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { NOTHING_STORED, readState, writeState } from "../../../src/cli/ingest/follow_state.js";
import { temporaryDirectory } from "../support.js";

const state = { file: "12", offset: 100, line: 3, before: "ab", stamps: [{ end: 120, now_ms: 1.5 }] };

test("readState reads what writeState wrote, and nothing where there is no file", async () => {
  const path = join(temporaryDirectory(), "state");
  expect(await readState(path)).toEqual(NOTHING_STORED);
  await writeState(path, state);
  expect(await readState(path)).toEqual(state);
  expect(readFileSync(path, "utf8")).toMatch(/\n$/);
});

test.each([
  "",
  "{",
  "null",
  "[]",
  '{"file":"1"}',
  JSON.stringify({ ...state, offset: -1 }),
  JSON.stringify({ ...state, offset: "1" }),
  JSON.stringify({ ...state, stamps: [{ end: 1 }] }),
  JSON.stringify({ ...state, stamps: [null] }),
])("readState refuses %s", async (text) => {
  const path = join(temporaryDirectory(), "state");
  writeFileSync(path, text);
  await expect(readState(path)).rejects.toThrow(
    `${path}: expected what --state has written; remove it to begin at the start of the input`,
  );
});

test("writeState names the file that it cannot write", async () => {
  await expect(writeState("/no/such/directory/state", state)).rejects.toThrow(
    "/no/such/directory/state: cannot write: ",
  );
});
