// The built program as a process of its own: `npm test` builds it first.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { rowText, temporaryDirectory } from "./support.js";

const program = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const onLinux = test.skipIf(process.platform !== "linux");

/** Starts `sessionlog query` over a log of one row, with a folder for temporary files of its own. */
function startQuery(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, "sessions.jsonl"), `${rowText()}\n`);
  const temporary = join(cwd, "tmp");
  mkdirSync(temporary);
  const child = spawn(process.execPath, [program, "query", "--path", ".", ...args], {
    cwd,
    env: { PATH: process.env.PATH, TMPDIR: temporary, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => {
    stdout += text;
  });
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  const ended = once(child, "close").then(([code]) => ({ code, stdout, stderr }));
  return { child, cwd, ended, leftOver: () => readdirSync(temporary) };
}

const runQuery = (...args: readonly string[]) => startQuery(args).ended;

/** Takes some seconds, and more memory than DuckDB has. */
const SORT = [
  "--memory",
  "64MiB",
  "--sql",
  "SELECT max(s) FROM (SELECT repeat('x', 90) || i AS s FROM range(9000000) t(i) ORDER BY s)",
];
/** Does not end before its time, whatever interrupts it. */
const ENDLESS = "SELECT levenshtein(repeat('x', 300000), repeat('y', 300000) || count(*)) FROM sessions";

async function spilling(query: ReturnType<typeof startQuery>): Promise<void> {
  await expect.poll(query.leftOver, { timeout: 15_000, interval: 20 }).toHaveLength(1);
}

/** The process that runs the statement. */
function statementOf({ pid }: ChildProcess): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8"));
}

const isRunning = (pid: number) => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};

describe("runSupervised", () => {
  test("runSupervised hands on the answer, messages and the exit code", async () => {
    expect(await runQuery("--format", "csv", "--sql", "SELECT count(*) AS n FROM sessions")).toEqual({
      code: 0,
      stdout: "n\n1\n",
      stderr: "",
    });
    expect(await runQuery("--sql", "SELECT nothing")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^sessionlog: Binder/),
    });
    expect(await runQuery("--sql")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^sessionlog: option '--sql/),
    });
  });

  onLinux.each([
    ["takes memory that DuckDB does not count", "SELECT length(repeat('x', 4000000000)) FROM sessions"],
    ["takes memory for one value", "SELECT reduce(range(100000000), lambda a, b: a + b) FROM sessions"],
  ])("runSupervised ends a statement that %s", async (_, sql) => {
    expect(await runQuery("--memory", "64MiB", "--timeout", "60s", "--sql", sql)).toEqual({
      code: 1,
      stdout: "",
      stderr: "sessionlog: stopped when it took more than 320 MiB (--memory and 256 MiB)\n",
    });
  });

  test("runSupervised ends a statement that no interrupt reaches", async () => {
    expect(await runQuery("--timeout", "100ms", "--sql", ENDLESS)).toEqual({
      code: 1,
      stdout: "",
      stderr: "sessionlog: stopped after 0.1 s (--timeout)\n",
    });
  });

  test("runSupervised reports a statement that aborts its process in one line", async () => {
    const logging = "enable_' || 'logging(storage_path=''/dev/null/log'')";
    expect(await runQuery("--sql", `FROM query('FROM ${logging}')`)).toEqual({
      code: 1,
      stdout: "",
      stderr: "sessionlog: DuckDB crashed (SIGABRT)\n",
    });
  });

  test("runSupervised makes no temporary folder unless memory does not suffice", async () => {
    const query = startQuery(["--format", "csv", "--sql", "SELECT count(*) AS n FROM sessions"], {
      TMPDIR: "/nonexistent",
    });
    expect(await query.ended).toEqual({ code: 0, stdout: "n\n1\n", stderr: "" });
    const spilled = startQuery(SORT, { TMPDIR: "/nonexistent" });
    expect(await spilled.ended).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^sessionlog: IO Error: Failed to create directory "\/nonexistent\/[^\n]+\n$/),
    });
  });

  onLinux.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("runSupervised leaves nothing after %s", async (signal) => {
    const query = startQuery(SORT);
    await spilling(query);
    const statement = statementOf(query.child);
    query.child.kill(signal);
    expect(await query.ended).toEqual({ code: 1, stdout: "", stderr: "sessionlog: stopped by a signal\n" });
    expect(query.leftOver()).toEqual([]);
    expect(isRunning(statement)).toBe(false);
  });

  onLinux("runSupervised leaves nothing after a signal that the statement does not see", async () => {
    const query = startQuery(["--output", "out.csv", "--format", "csv", "--sql", ENDLESS]);
    await expect.poll(() => readdirSync(query.cwd).join(), { timeout: 15_000 }).toMatch(/out\.csv\.\d+\.tmp/);
    query.child.kill("SIGTERM");
    expect(await query.ended).toEqual({ code: 1, stdout: "", stderr: "sessionlog: stopped by a signal\n" });
    expect(readdirSync(query.cwd).sort()).toEqual(["sessions.jsonl", "tmp"]);
  });

  onLinux("runSupervised leaves nothing when the statement's process is killed", async () => {
    const query = startQuery(SORT);
    await spilling(query);
    process.kill(statementOf(query.child), "SIGKILL");
    expect(await query.ended).toEqual({
      code: 1,
      stdout: "",
      stderr: "sessionlog: the query's process was killed (SIGKILL), perhaps for lack of memory\n",
    });
    expect(query.leftOver()).toEqual([]);
  });

  onLinux("the statement's process ends with the one that runs it", async () => {
    const query = startQuery(SORT);
    await spilling(query);
    const statement = statementOf(query.child);
    query.child.kill("SIGKILL");
    await expect.poll(() => isRunning(statement), { timeout: 15_000 }).toBe(false);
    expect(query.leftOver()).toEqual([]);
  });

  onLinux("temporary files are nobody else's, the output file's mode is the usual one", async () => {
    const query = startQuery(SORT);
    const modes = () => query.leftOver().map((name) => statSync(join(query.cwd, "tmp", name)).mode & 0o777);
    await expect.poll(modes, { timeout: 15_000, interval: 20 }).toEqual([0o700]);
    const parquet = startQuery(["--format", "parquet", "--output", "out.parquet", "--sql", "FROM sessions"]);
    expect(await parquet.ended).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(statSync(join(parquet.cwd, "out.parquet")).mode & 0o777).toBe(0o666 & ~process.umask());
  });
});
