import { createHash } from "node:crypto";
import { EventEmitter } from "node:events";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { gunzipSync, gzipSync } from "node:zlib";
import { tryLock } from "fs-native-extensions";
import { describe, expect, onTestFinished, test } from "vitest";
import { readGoldenAccepts } from "../../support/golden.js";
import { rowText, runCli, temporaryDirectory } from "../support.js";

/** The rows of the journal in `data`, sealed ones first. */
function rowsOf(cwd: string): readonly string[] {
  const names = readdirSync(join(cwd, "data")).filter((name) => /\.jsonl(\.gz)?$/.test(name));
  return names
    .sort((a, b) => Number(b.includes("-")) - Number(a.includes("-")) || a.localeCompare(b))
    .flatMap((name) => {
      const bytes = readFileSync(join(cwd, "data", name));
      return (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString().split("\n").filter(Boolean);
    });
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

/** Imports the lines as one file into an empty journal. */
async function importLines(lines: readonly string[], ...args: readonly string[]) {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, "old.jsonl"), text(lines));
  const result = await runCli(["import", ...args, "old.jsonl"], { cwd });
  return { cwd, result, rows: existsSync(join(cwd, "data")) ? rowsOf(cwd) : [] };
}

const idOf = (line: string) => createHash("sha256").update(line).digest("hex").slice(0, 32);
const withoutId = rowText({ session_id: "" });

describe("import", () => {
  test("import writes rows of older loggers as the service does", async () => {
    const { result, rows } = await importLines([rowText({ attempts: null, daemon: "" }), withoutId], "--daemon", "old");
    expect(result).toEqual({ code: 0, stdout: "imported 2, duplicate 0, refused 0\n", stderr: "" });
    expect(rows).toEqual([rowText({ daemon: "old" }), rowText({ session_id: idOf(withoutId) })]);
  });

  test("import keeps rows of a service as they are, in the order of the files", async () => {
    const cwd = temporaryDirectory();
    const golden = [...new Set(readGoldenAccepts().map(({ row }) => row))];
    writeFileSync(join(cwd, "b.jsonl"), text(golden.slice(0, 3)));
    writeFileSync(join(cwd, "a.jsonl.gz"), gzipSync(text(golden.slice(3, 5))));
    const args = ["import", "b.jsonl", "a.jsonl.gz", "-"];
    const result = await runCli(args, { cwd, stdin: text(golden.slice(5)) });
    expect(result).toEqual({ code: 0, stdout: `imported ${golden.length}, duplicate 0, refused 0\n`, stderr: "" });
    expect(rowsOf(cwd)).toEqual(golden);
  });

  test("import stores nothing twice: run again, within the files, and with other line endings", async () => {
    const lines = [withoutId, rowText(), rowText({ attempts: null }), withoutId];
    const { cwd, result, rows } = await importLines(lines);
    expect(result.stdout).toBe("imported 2, duplicate 2, refused 0\n");
    writeFileSync(join(cwd, "windows.jsonl"), lines.map((line) => `${line}\r\n`).join(""));
    const again = await runCli(["import", "old.jsonl", "windows.jsonl"], { cwd });
    expect(again).toEqual({ code: 0, stdout: "imported 0, duplicate 8, refused 0\n", stderr: "" });
    expect(rowsOf(cwd)).toEqual(rows);
  });

  test("import rotates and compresses as configured, knows sealed rows again, and leaves a sound journal", async () => {
    const rows = Array.from({ length: 900 }, (_, index) => rowText({ session_id: `s-${index}` }));
    const args = ["--rotation-max-bytes", "64KiB", "--rotation-compress", "gzip"];
    const { cwd, result } = await importLines(rows, ...args);
    expect(result).toMatchObject({ code: 0, stdout: "imported 900, duplicate 0, refused 0\n" });
    const again = await runCli(["import", ...args, "old.jsonl"], { cwd });
    expect(again).toMatchObject({ code: 0, stdout: "imported 0, duplicate 900, refused 0\n" });
    expect(new Set(rowsOf(cwd)).size).toBe(900);
    const verified = await runCli(["verify", "data"], { cwd });
    expect(verified.stdout.trimEnd().split("\n").at(-1)).toMatch(
      /^sound: [5-9] segments, 900 rows, sequences 1 to 900$/,
    );
  });

  test("import stores nothing when it cannot know all rows that are there", async () => {
    const { cwd } = await importLines([rowText()]);
    const name = `sessions-${"1".padStart(20, "0")}-${"1".padStart(20, "0")}.jsonl.gz`;
    renameSync(join(cwd, "data/sessions.jsonl"), join(cwd, "data/old"));
    writeFileSync(join(cwd, "data", name), gzipSync(`${rowText()}\n`).subarray(0, -4));
    const result = await runCli(["import", "old.jsonl"], { cwd });
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toMatch(
      /^sessionlog: .*1\.jsonl\.gz: rows of the session log cannot be read.*; nothing was imported, /,
    );
    expect(readFileSync(join(cwd, "data/sessions.jsonl"), "utf8")).toBe("");
  });

  test("import refuses with reasons, names the first 20, and writes the rejects", async () => {
    const bad = [
      rowText({ timestamp: null }),
      rowText({ colour: 1, kind: "x" }),
      '{"torn',
      ...Array.from({ length: 18 }, () => "[]"),
    ];
    const lines = [rowText(), ...bad, rowText({ session_id: "s-2" })];
    const { cwd, result, rows } = await importLines(lines, "--rejects", "bad.jsonl");
    expect(result).toMatchObject({ code: 1, stdout: "imported 2, duplicate 0, refused 21\n" });
    expect(result.stderr.split("\n").slice(0, 3)).toEqual([
      "old.jsonl:2: record.timestamp REQUIRED: expected a time",
      "old.jsonl:3: record.colour NOT_ALLOWED: is not a field of the record",
      expect.stringMatching(/^old\.jsonl:4: record INVALID_ENCODING: /),
    ]);
    expect(result.stderr.split("\n").slice(20)).toEqual(["and 1 more", ""]);
    expect(rows).toEqual([rowText(), rowText({ session_id: "s-2" })]);
    const rejects = readFileSync(join(cwd, "bad.jsonl"), "utf8")
      .trimEnd()
      .split("\n")
      .map((each) => JSON.parse(each));
    expect(rejects.map(({ row }) => row)).toEqual(bad);
    expect(rejects[0]).toEqual({
      line: 2,
      violations: [{ field: "record.timestamp", reason: "REQUIRED", description: "expected a time" }],
      row: bad[0],
    });
  });

  test("import says in the rejects of several files which one each row is of", async () => {
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, "a.jsonl"), "[]\n");
    await runCli(["import", "--rejects", "bad.jsonl", "a.jsonl", "-"], { cwd, stdin: "\n{}\n" });
    const rejects = readFileSync(join(cwd, "bad.jsonl"), "utf8")
      .trimEnd()
      .split("\n")
      .map((each) => JSON.parse(each));
    expect(rejects.map(({ file, line }) => [file, line])).toEqual([
      ["a.jsonl", 1],
      ["-", 2],
    ]);
  });

  test("import ends at once while a service has the journal, and names the lock", async () => {
    const cwd = temporaryDirectory();
    mkdirSync(join(cwd, "data"));
    const lock = join(cwd, "data/sessions.jsonl.lock");
    const held = openSync(lock, "a+");
    onTestFinished(() => closeSync(held));
    expect(tryLock(held)).toBe(true);
    writeFileSync(join(cwd, "old.jsonl"), text([rowText()]));
    expect(await runCli(["import", "old.jsonl"], { cwd })).toEqual({
      code: 1,
      stdout: "",
      stderr: `sessionlog: ${lock}: held by another process; a session log has one writer\n`,
    });
    expect(readdirSync(dirname(lock))).toEqual(["sessions.jsonl.lock"]);
  });

  test("import tells what was stored when a later file cannot be read, and where to resume", async () => {
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, "old.jsonl"), text([rowText()]));
    const result = await runCli(["import", "old.jsonl", "none.jsonl"], { cwd });
    expect(result).toEqual({
      code: 1,
      stdout: "imported 1, duplicate 0, refused 0\n",
      stderr:
        "sessionlog: none.jsonl: cannot read: no such file or directory; resume from line 1 of none.jsonl, or run it again: rows already stored count as duplicates\n",
    });
  });

  test("import ends at a signal with what it has read, and says where to resume", async () => {
    const cwd = temporaryDirectory();
    const signals = new EventEmitter();
    const stdin = Readable.from(
      (async function* () {
        for (let index = 0; ; index++) {
          if (index === 25_000) signals.emit("SIGINT");
          yield Buffer.from(`${rowText({ session_id: `s-${index}` })}\n`);
        }
      })(),
    );
    const { code, stdout, stderr } = await runCli(["import", "-"], { cwd, stdin, signals });
    const stored = rowsOf(cwd).length;
    expect({ code, stdout }).toEqual({ code: 1, stdout: `imported ${stored}, duplicate 0, refused 0\n` });
    expect(stderr).toMatch(`sessionlog: stopped by a signal; resume from line ${stored + 1} of -, or run it again`);
    expect(stored).toBeGreaterThan(0);
    expect(signals.eventNames()).toEqual([]);
  });

  test("import leaves a file alone that is no session log", async () => {
    const cwd = temporaryDirectory();
    mkdirSync(join(cwd, "data"));
    writeFileSync(join(cwd, "data/sessions.jsonl"), '{"id":1}\n');
    const result = await runCli(["import", "-"], { cwd, stdin: text([rowText()]) });
    expect(result).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^sessionlog: .*sessions\.jsonl:1: /),
    });
    expect(readFileSync(join(cwd, "data/sessions.jsonl"), "utf8")).toBe('{"id":1}\n');
  });

  test.each<[string[], number, string]>([
    [["data/sessions.jsonl"], 2, "data/sessions.jsonl is the session log to write to; see [log] path"],
    [["--rejects", "old.jsonl", "old.jsonl"], 2, "--rejects: old.jsonl is an input file"],
    [
      ["--path", "old.jsonl/x/y.jsonl", "old.jsonl"],
      1,
      "CWD/old.jsonl/x: cannot be created: a part of the path is not a directory",
    ],
    [["--rejects", "no/bad.jsonl", "old.jsonl"], 1, "CWD/no/bad.jsonl: cannot write: no such file or directory"],
  ])("import refuses files that it cannot use: %j", async (args, code, message) => {
    const cwd = temporaryDirectory();
    mkdirSync(join(cwd, "data"));
    writeFileSync(join(cwd, "data/sessions.jsonl"), text([rowText()]));
    writeFileSync(join(cwd, "old.jsonl"), text([rowText()]));
    const result = await runCli(["import", ...args], { cwd });
    expect(result).toEqual({ code, stdout: "", stderr: `sessionlog: ${message.replace("CWD", cwd)}\n` });
  });

  test("import shows on a terminal how far it is", async () => {
    const cwd = temporaryDirectory();
    const result = await runCli(["import", "-"], { cwd, stdin: text([rowText()]), isTTY: true });
    expect(result.stderr).toBe(
      `\r\u001b[K${cwd}/data/sessions.jsonl: reading\r\u001b[K\r\u001b[K-: line 1: 1 rows stored, 0 refused\r\u001b[K`,
    );
  });
});
