import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { nodeDisk } from "../../../src/journal/disk/node_disk.js";
import { createJournal, type Journal, JournalOpenError } from "../../../src/journal/index.js";
import { createManualClock } from "../../support/manual_clock.js";
import { createMemoryLog, numbers, row, rows, TEST_OPTIONS, told } from "../support.js";

let directory = "";
let path = "";
let open_journals: Journal[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "journal-"));
  path = join(directory, "logs", "deep", "sessions.jsonl");
  open_journals = [];
});

afterEach(async () => {
  await Promise.all(open_journals.map((journal) => journal.drain()));
  rmSync(directory, { recursive: true, force: true });
});

function create() {
  const clock = createManualClock();
  const log = createMemoryLog();
  const journal = createJournal({
    ...TEST_OPTIONS,
    path,
    log,
    clock,
  });
  open_journals.push(journal);
  return { journal, log, clock };
}

async function open() {
  const made = create();
  await made.journal.open();
  return made;
}

function put(content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

const mode = (file: string): string => (statSync(file).mode & 0o777).toString(8);
const files = (): string[] => readdirSync(dirname(path)).sort();

describe("createJournal on the machine's file system", () => {
  test("createJournal makes directories 0750 and files 0640", async () => {
    const mask = process.umask(0o022);
    const { journal } = await open();
    await journal.append([row(1)]);
    await journal.drain();
    process.umask(mask);
    expect([mode(join(directory, "logs")), mode(dirname(path))]).toEqual(["750", "750"]);
    expect(files()).toEqual(["sessions.jsonl", "sessions.jsonl.lock", "sessions.state"]);
    for (const name of files()) expect(mode(join(dirname(path), name))).toBe("640");
  });

  test("createJournal leaves an adopted file its mode", async () => {
    put(rows(1));
    chmodSync(path, 0o604);
    const { journal } = await open();
    expect(await told(journal.append([row(2)]))).toEqual([2]);
    expect(mode(path)).toBe("604");
  });

  test("createJournal goes on after a restart", async () => {
    const first = await open();
    expect(await told(first.journal.append([row(1), row(2)]))).toEqual([1, 2]);
    await first.journal.drain();
    expect(readFileSync(join(dirname(path), "sessions.state"), "utf8")).toBe(
      '{"first_sequence":1,"next_sequence":3}\n',
    );
    const second = await open();
    expect(await told(second.journal.append([row(3)]))).toEqual([3]);
    expect(numbers(readFileSync(path))).toEqual([1, 2, 3]);
  });

  test("createJournal refuses a second writer in the same process", async () => {
    await open();
    await expect(create().journal.open()).rejects.toThrow(`${path}.lock: held by another process`);
  });

  test("createJournal refuses a second writer in another process, until that is killed", async () => {
    mkdirSync(dirname(path), { recursive: true });
    const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
    const script = `import { openSync } from "node:fs"; import { tryLock } from "fs-native-extensions";
      console.log(tryLock(openSync(process.argv[1], "a+"))); process.stdin.resume();`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script, `${path}.lock`], { cwd: root });
    const [said] = await once(child.stdout, "data");
    expect(String(said)).toBe("true\n");
    await expect(create().journal.open()).rejects.toThrow(/held by another process/);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect((await open()).journal.state).toBe("open");
  });

  test("createJournal moves a torn end aside, to a name that says when", async () => {
    put(`${rows(1)}{"torn`);
    const { log } = await open();
    expect(numbers(readFileSync(path))).toEqual([1]);
    expect(readFileSync(`${path}.torn-20260102T030405.000Z`, "utf8")).toBe('{"torn');
    expect(log.text()).toContain("torn end");
  });

  test("createJournal refuses a foreign file and changes nothing of it", async () => {
    put("Nov 24 host sshd: text\n");
    chmodSync(path, 0o600);
    const before = statSync(path);
    const { journal } = create();
    await expect(journal.open()).rejects.toThrow(JournalOpenError);
    expect(readFileSync(path, "utf8")).toBe("Nov 24 host sshd: text\n");
    expect(statSync(path)).toMatchObject({ mtimeMs: before.mtimeMs, mode: before.mode, ino: before.ino });
    expect(files().filter((name) => !name.endsWith(".lock"))).toEqual(["sessions.jsonl"]);
  });

  test("createJournal refuses a path that is a directory", async () => {
    mkdirSync(path, { recursive: true });
    await expect(create().journal.open()).rejects.toThrow(`${path}: is a directory`);
  });

  test("createJournal refuses a lock that is a directory", async () => {
    mkdirSync(`${path}.lock`, { recursive: true });
    await expect(create().journal.open()).rejects.toThrow(`${path}.lock: EISDIR`);
  });

  test("createJournal waits while a part of the path is a file", async () => {
    writeFileSync(join(directory, "logs"), "in the way");
    const { journal, log, clock } = create();
    const warned = new Promise<void>((resolve) => {
      const { warn } = log;
      Object.assign(log, {
        warn(fields: object, message: string) {
          warn(fields, message);
          resolve();
        },
      });
    });
    const opened = journal.open();
    await warned;
    expect(journal.state).toBe("opening");
    expect(log.text()).toMatch(/deep: (ENOTDIR|EEXIST)/);
    unlinkSync(join(directory, "logs"));
    await clock.advance(1000);
    await opened;
    expect(await told(journal.append([row(1)]))).toEqual([1]);
  });

  test("createJournal goes on in a new file when the active one is deleted", async () => {
    const { journal } = await open();
    await journal.append([row(1)]);
    unlinkSync(path);
    expect(await told(journal.append([row(2)]))).toEqual([2]);
    expect(numbers(readFileSync(path))).toEqual([2]);
  });

  test("createJournal goes on in a new file when the active one is moved", async () => {
    const { journal } = await open();
    await journal.append([row(1)]);
    renameSync(path, `${path}.1`);
    expect(await told(journal.append([row(2)]))).toEqual([2]);
    expect(existsSync(path)).toBe(false);
    await journal.reopen();
    expect(await told(journal.append([row(3)]))).toEqual([3]);
    expect(numbers(readFileSync(`${path}.1`))).toEqual([1, 2]);
    expect(numbers(readFileSync(path))).toEqual([3]);
  });

  test("createJournal goes on from the real end after a copytruncate", async () => {
    const { journal } = await open();
    await journal.append([row(1), row(2)]);
    truncateSync(path, 0);
    expect(await told(journal.append([row(3)]))).toEqual([3]);
    expect(numbers(readFileSync(path))).toEqual([3]);
  });

  test("createJournal goes on when the whole directory was removed, and holds the lock there", async () => {
    const { journal } = await open();
    await journal.append([row(1)]);
    rmSync(dirname(path), { recursive: true });
    expect(await told(journal.append([row(2)]))).toEqual([2]);
    expect(numbers(readFileSync(path))).toEqual([2]);
    expect(await nodeDisk.lock(`${path}.lock`)).toBeUndefined();
  });
});

describe("nodeDisk", () => {
  test("nodeDisk.status is undefined for what is not there and tells files apart", async () => {
    mkdirSync(dirname(path), { recursive: true });
    expect(await nodeDisk.status(path)).toBeUndefined();
    writeFileSync(path, "four");
    writeFileSync(`${path}2`, "");
    const [one, two] = [await nodeDisk.status(path), await nodeDisk.status(`${path}2`)];
    expect(one).toMatchObject({ size: 4, links: 1, directory: false });
    expect(one?.identity).not.toBe(two?.identity);
    expect(await nodeDisk.status(dirname(path))).toMatchObject({ directory: true });
  });

  test("nodeDisk.makeDirectory reports the first directory that cannot be made", async () => {
    const made = nodeDisk.makeDirectory("/proc/none/deep/er");
    await expect(made).rejects.toMatchObject({ code: "ENOENT", path: "/proc/none" });
    await nodeDisk.makeDirectory(dirname(path));
    await nodeDisk.makeDirectory(dirname(path));
    expect(mode(dirname(path))).toBe("750");
  });

  test("a file opened to append writes at its end, whatever the position", async () => {
    put("old");
    const file = await nodeDisk.open(path, "append");
    expect(await file.write(Buffer.from("new"), 0)).toBe(3);
    await file.close();
    expect(readFileSync(path, "utf8")).toBe("oldnew");
  });

  test("a file opened to update writes in place, and must be there", async () => {
    await expect(nodeDisk.open(path, "update")).rejects.toMatchObject({ code: "ENOENT" });
    put("old row");
    const file = await nodeDisk.open(path, "update");
    await file.write(Buffer.from("new"), 0);
    const buffer = Buffer.alloc(20);
    expect(await file.read(buffer, 2)).toBe(5);
    await file.close();
    expect(readFileSync(path, "utf8")).toBe("new row");
  });

  test("a file opened to replace is emptied", async () => {
    put("old");
    await (await nodeDisk.open(path, "replace")).close();
    expect(readFileSync(path, "utf8")).toBe("");
  });
});
