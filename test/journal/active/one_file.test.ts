import { execFileSync } from "node:child_process";
import {
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { refuseShared, resolveNames } from "../../../src/journal/active/one_file.js";
import { createJournal, type Journal, nodeDisk } from "../../../src/journal/index.js";
import { createMemoryLog, numbers, row, rows, TEST_OPTIONS, told } from "../support.js";

let directory = "";
let real = "";
let journals: Journal[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "one-file-"));
  for (const name of ["a", "b"]) mkdirSync(join(directory, name));
  real = join(directory, "a", "sessions.jsonl");
});

afterEach(async () => {
  await Promise.all(journals.map((journal) => journal.drain()));
  journals = [];
  rmSync(directory, { recursive: true });
});

function create(path: string) {
  const log = createMemoryLog();
  const journal = createJournal({ ...TEST_OPTIONS, path, log });
  journals.push(journal);
  return { journal, log };
}

const files = (name: string) => readdirSync(join(directory, name)).sort();
const inB = (name: string) => `${directory}/b/${name}`;

describe("resolveNames", () => {
  test.each([
    ["a link to the file", "sessions.jsonl", (path: string) => symlinkSync(real, path)],
    ["a relative link", "sessions.jsonl", (path: string) => symlinkSync("../a/sessions.jsonl", path)],
    ["a link of another name", "other.jsonl", (path: string) => symlinkSync(real, path)],
    ["a link to a link", "sessions.jsonl", (path: string) => symlinkSync("link", path)],
    ["a link of the directory", "dir/sessions.jsonl", () => symlinkSync("../a", inB("dir"))],
    ["a path with dots", "./dir/../b/dir/sessions.jsonl", () => symlinkSync("../a", inB("dir"))],
  ])("resolveNames of %s gives the names beside the file, whether it is there or not", async (_what, name, make) => {
    symlinkSync(real, inB("link"));
    make(inB(name));
    expect(await resolveNames(nodeDisk, inB(name))).toMatchObject({ active: real, lock: `${real}.lock` });
    writeFileSync(real, "");
    expect(await resolveNames(nodeDisk, inB(name))).toMatchObject({ active: real, lock: `${real}.lock` });
  });

  test.each([
    ["current.log", 'whose name does not end with ".jsonl"'],
    [`sessions-${"1".padStart(20, "0")}-${"5".padStart(20, "0")}.jsonl`, "whose name is that of a sealed segment"],
  ])("resolveNames refuses a link to %s", async (name, why) => {
    symlinkSync(join(directory, "a", name), inB("sessions.jsonl"));
    await expect(resolveNames(nodeDisk, inB("sessions.jsonl"))).rejects.toThrow(
      `${inB("sessions.jsonl")}: the file to write is ${join(directory, "a", name)}, ${why}`,
    );
  });

  test("resolveNames ends for links that lead to each other", async () => {
    symlinkSync("two.jsonl", inB("one.jsonl"));
    symlinkSync("one.jsonl", inB("two.jsonl"));
    await expect(resolveNames(nodeDisk, inB("one.jsonl"))).rejects.toThrow("ELOOP: too many symbolic links");
    await expect(create(inB("one.jsonl")).journal.open()).rejects.toThrow(`${inB("one.jsonl")}: ELOOP`);
  });
});

describe("a journal by several paths", () => {
  test("a journal behind a link rotates beside its file, and keeps the link", async () => {
    symlinkSync(real, inB("sessions.jsonl"));
    const { journal } = create(inB("sessions.jsonl"));
    await journal.open();
    await journal.append([row(1)]);
    await journal.rotate();
    expect(await told(journal.append([row(2)]))).toEqual([2]);
    await expect.poll(() => files("a")).toContain("sessions.sha256");
    expect(files("b")).toEqual(["sessions.jsonl"]);
    expect(lstatSync(inB("sessions.jsonl")).isSymbolicLink()).toBe(true);
    expect(numbers(readFileSync(inB("sessions.jsonl")))).toEqual([2]);
    expect(files("a").filter((name) => name.startsWith("sessions-"))).toHaveLength(1);
  });

  test("a second writer is refused behind a link, naming both paths", async () => {
    await create(real).journal.open();
    symlinkSync(real, inB("other.jsonl"));
    await expect(create(inB("other.jsonl")).journal.open()).rejects.toThrow(
      `${inB("other.jsonl")} leads to ${real}: ${real}.lock: held by another process; a session log has one writer`,
    );
    expect(files("b")).toEqual(["other.jsonl"]);
  });

  test("a second writer is refused by the file's own lock where its lock file is another", async () => {
    await create(real).journal.open();
    linkSync(real, inB("sessions.jsonl"));
    await expect(create(inB("sessions.jsonl")).journal.open()).rejects.toThrow(
      `${inB("sessions.jsonl")}: another process writes this file, maybe by another name`,
    );
  });

  test("every new active file is locked", async () => {
    const { journal } = create(real);
    await journal.open();
    await journal.append([row(1)]);
    await journal.rotate();
    rmSync(`${real}.lock`);
    await expect(create(real).journal.open()).rejects.toThrow(`${real}: another process writes this file`);
  });

  test("a file with further hard links is refused unchanged, and the cure that is named cures", async () => {
    writeFileSync(real, rows(1));
    linkSync(real, inB("it's.jsonl"));
    const refused = create(inB("it's.jsonl")).journal.open();
    await expect(refused).rejects.toThrow(
      /the file has 2 names \(hard links\), expected one; give it a file of its own: cp -p /,
    );
    expect(readFileSync(real, "utf8")).toBe(rows(1));
    const message = await refused.catch((error: Error) => error.message);
    execFileSync("sh", ["-c", String(message).split("its own: ")[1] ?? ""]);
    for (const path of [real, inB("it's.jsonl")]) {
      const { journal } = create(path);
      await journal.open();
      expect(await told(journal.append([row(2)]))).toEqual([2]);
    }
  });

  test("a pipe in the file's place is refused", async () => {
    execFileSync("mkfifo", [real]);
    await expect(create(real).journal.open()).rejects.toThrow(`${real}: is not a regular file`);
  });
});

test("a journal neither reads nor removes what a link named as a segment leads to, and says so", async () => {
  const { journal } = create(real);
  await journal.open();
  for (const n of [1, 2, 3]) {
    await journal.append([row(n)]);
    await journal.rotate();
  }
  await journal.drain();
  const first = files("a").find((name) => name.startsWith("sessions-")) ?? "";
  const other = inB("other.jsonl");
  writeFileSync(other, rows(1));
  rmSync(join(directory, "a", first));
  symlinkSync(other, join(directory, "a", first));

  const log = createMemoryLog();
  const retention = { max_age_ms: 0, max_segments: 1, max_bytes: 0 };
  const next = createJournal({ ...TEST_OPTIONS, path: real, log, retention, dedupe_rows: 10 });
  journals.push(next);
  await next.open();
  expect(log.text()).toContain("is not a regular file; skipped, links are not followed");
  await expect.poll(() => log.text()).toContain("removed the oldest sealed segments");
  expect(await told(next.append([row(4), row(1)]))).toEqual([4, 5]);
  const read = [];
  for await (const { lines } of next.read(1)) read.push(...lines.map(String));
  expect(read.map((line) => JSON.parse(line).n)).toEqual([3, 4, 1]);
  expect(readFileSync(other, "utf8")).toBe(rows(1));
  expect(lstatSync(join(directory, "a", first)).isSymbolicLink()).toBe(true);
});

// Mounts as such: the campaign one-file of npm run test:faults.
describe("refuseShared", () => {
  const shown = (path: string | undefined) => ({ ...nodeDisk, mountedAt: async () => path });
  const check = async (mounted: string | undefined, rotates: boolean) => {
    writeFileSync(real, "");
    const file = await nodeDisk.open(real, "append");
    return refuseShared(shown(mounted), file, real, rotates).finally(() => file.close());
  };

  test("refuseShared refuses a mount point only where it is to be renamed", async () => {
    await expect(check("/x/sessions.jsonl", true)).rejects.toThrow(
      `${real}: is a mount point, which cannot be renamed when it is to be sealed; mount its directory, or turn rotation off`,
    );
    await check("/x/sessions.jsonl", false);
    await check(undefined, true);
  });

  test("refuseShared refuses another writer's sealed segment behind a mount", async () => {
    const segment = `sessions-${"1".padStart(20, "0")}-${"5".padStart(20, "0")}.jsonl`;
    await expect(check(`/x/${segment}`, false)).rejects.toThrow(
      `${real}: is a mount point that shows the sealed segment ${segment}; mount the log's directory instead`,
    );
  });

  test("refuseShared refuses a file without a name", async () => {
    writeFileSync(real, "");
    const file = await nodeDisk.open(real, "append");
    rmSync(real);
    await expect(refuseShared(nodeDisk, file, real, false)).rejects.toThrow(
      "is a mount point that shows a deleted file",
    );
    await file.close();
  });
});
