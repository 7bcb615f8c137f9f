// The built program as a process of its own, where the failure is the process's: `npm test` builds it first.
import { execFile } from "node:child_process";
import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { segment } from "./sealed_journal.js";
import { rowText, runCli, temporaryDirectory } from "./support.js";

const program = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const SEGMENT = `${segment(1, 1)}.gz`;
const fill = (id: string) =>
  `${rowText({ session_id: id, final_verdict: "accepted", artifact: { fills: [{ candidate_id: "w-1" }] }, grounded_in_roster: true })}\n`;

/** A log of a gzipped segment and an active file, a row each, and a roster. */
function makeLog(): string {
  const cwd = temporaryDirectory();
  mkdirSync(join(cwd, "log"));
  writeFileSync(join(cwd, "log", SEGMENT), gzipSync(fill("sealed")));
  writeFileSync(join(cwd, "log", "sessions.jsonl"), fill("active"));
  writeFileSync(join(cwd, "roster.csv"), "worker_id\nw-1\n");
  return cwd;
}

/** A command of each kind of answer, with what it prints of the active file's row. */
const READERS = [
  [["query", "--format", "csv", "--sql", "SELECT session_id FROM sessions"], "session_id\nactive\n"],
  [["query", "attempts-distribution", "--format", "jsonl"], '"sessions":1'],
  [["alarm"], "no alarm in what could be read: all 1 accepted fills are grounded"],
  [["audit", "--roster", "roster.csv"], "nothing found in what could be read: all 1 accepted fills"],
  [["show", "active"], "active  accepted"],
] as const;

const DAMAGES: Readonly<Record<string, (path: string) => void>> = {
  "cut off": (path) => truncateSync(path, 60),
  "padded with zeros": (path) => appendFileSync(path, Buffer.alloc(512)),
  "no gzip": (path) => writeFileSync(path, "nonsense\n"),
  empty: (path) => truncateSync(path, 0),
};

describe("a segment that is damaged", () => {
  test.each(Object.keys(DAMAGES))("%s is named and left out, whatever is asked", async (damage) => {
    const cwd = makeLog();
    DAMAGES[damage]?.(join(cwd, "log", SEGMENT));
    for (const [args, answer] of READERS) {
      const { code, stdout, stderr } = await runCli([...args, "--path", "log"], { cwd });
      expect(stdout, args.join(" ")).toContain(answer);
      expect(stderr).toMatch(new RegExp(`^sessionlog: ${join(cwd, "log", SEGMENT)}: [^\n]+\n$`));
      expect(code).toBe(1);
    }
  });

  test("is a link: it is not followed, and the answer is not complete", async () => {
    const cwd = makeLog();
    renameSync(join(cwd, "log", SEGMENT), join(cwd, "elsewhere.gz"));
    symlinkSync(join(cwd, "elsewhere.gz"), join(cwd, "log", SEGMENT));
    for (const [args, answer] of READERS) {
      const { code, stdout, stderr } = await runCli([...args, "--path", "log"], { cwd });
      expect(stdout, args.join(" ")).toContain(answer);
      expect(stderr).toMatch(new RegExp(`^sessionlog: ${join(cwd, "log", SEGMENT)}: is not a regular file[^\n]+\n$`));
      expect(code).toBe(1);
    }
  });

  test("alone in the log is an error of one line", async () => {
    const cwd = makeLog();
    rmSync(join(cwd, "log", "sessions.jsonl"));
    DAMAGES["padded with zeros"]?.(join(cwd, "log", SEGMENT));
    for (const [args] of READERS) {
      const { code, stderr } = await runCli([...args, "--path", "log"], { cwd });
      expect(stderr).toMatch(new RegExp(`^sessionlog: ${join(cwd, "log", SEGMENT)}: [^\n]+\n$`));
      expect(code).toBe(1);
    }
  });
});

describe("a directory in place of a file", () => {
  test.each([
    [["audit", "--path", "log", "--roster", "log"], 1, "log: is a directory"],
    [["alarm", "--path", "log", "--roster", "log"], 1, "log: is a directory"],
    [["query", "audit", "--path", "log", "--roster", "log"], 1, "log: is a directory"],
    [["alarm", "--path", "log", "--config", "log"], 2, "log: cannot read the configuration"],
    [["verify", "log/dir.jsonl/"], 1, "log/dir.jsonl/: there is no session log here"],
    [["append", "--address", "127.0.0.1:1", "log/dir.jsonl"], 1, "log/dir.jsonl: "],
    [["import", "--path", "new/s.jsonl", "log/dir.jsonl"], 1, "log/dir.jsonl: "],
    [["append", "--address", "127.0.0.1:1", "--rejects", "log", "roster.csv"], 1, "log: "],
    [["query", "--path", "roster.csv/log"], 1, "roster.csv/log: "],
  ] as const)("%j is named in one line", async (args, code, message) => {
    const cwd = makeLog();
    mkdirSync(join(cwd, "log", "dir.jsonl"));
    const result = await runCli(args, { cwd, stdin: "SELECT 1" });
    const text = result.stdout + result.stderr;
    expect(text).toContain(message);
    expect(text).not.toMatch(/^ +at /m);
    expect(result.code).toBe(code);
  });
});

/** Runs the program by a shell: its exit code and what it prints on standard error. */
function runShell(line: string, cwd: string): Promise<{ readonly code: unknown; readonly stderr: string }> {
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH, NODE: process.execPath, PROGRAM: program };
    execFile("sh", ["-c", line], { cwd, env }, (error, _stdout, stderr) => resolve({ code: error?.code ?? 0, stderr }));
  });
}

const COMMANDS = [
  "query --path log --sql 'FROM sessions'",
  "alarm --path log",
  "audit --path log --roster roster.csv",
  "show active --path log",
  "verify log",
  "import --path new/s.jsonl log/sessions.jsonl",
  "check-config",
  "schema",
  "--help",
];

describe.skipIf(process.platform !== "linux")("every command", () => {
  test.each([28, 34])("with %i descriptors works or fails in one line", async (limit) => {
    const cwd = makeLog();
    for (const command of COMMANDS) {
      const { code, stderr } = await runShell(`ulimit -n ${limit}; exec "$NODE" "$PROGRAM" ${command}`, cwd);
      expect(stderr, command).toMatch(
        /^(sessionlog: [^\n]*(too many open files|Cannot find module)[^\n]*ulimit -n[^\n]*\n)?$/,
      );
      expect(code).toBe(stderr === "" ? 0 : 1);
    }
  });

  test("fails in one line when its output is on a full disk", async () => {
    const cwd = makeLog();
    for (const command of COMMANDS.filter((each) => !each.startsWith("import"))) {
      expect(await runShell(`exec "$NODE" "$PROGRAM" ${command} > /dev/full`, cwd), command).toEqual({
        code: 1,
        stderr: "sessionlog: standard output: no space left on the device\n",
      });
    }
    for (const format of ["csv", "parquet"]) {
      const query = `query --path log --sql "FROM sessions" --format ${format} --output /dev/full`;
      const { code, stderr } = await runShell(`exec "$NODE" "$PROGRAM" ${query}`, cwd);
      expect(stderr).toMatch(/^sessionlog: [^\n]*\/dev\/full[^\n]+\n$/);
      expect(code).toBe(1);
    }
  });
});
