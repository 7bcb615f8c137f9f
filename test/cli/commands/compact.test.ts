import { EventEmitter } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { makeJournal, segment } from "../sealed_journal.js";
import { createSink, runCli, temporaryDirectory } from "../support.js";

const copyOf = (first: number, last: number) => segment(first, last).replace(/jsonl$/, "parquet");

/** Changes a byte where the rows are. */
function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes[40] = (bytes[40] ?? 0) ^ 0xff;
  writeFileSync(path, bytes);
}

describe("compact", () => {
  test("compact says what it did, and what questions answer stays the same", async () => {
    const { cwd, verify } = await makeJournal("gzip");
    const run = (...args: string[]) => runCli([...args, "--path", "data"], { cwd });
    const ask = () => run("query", "--sql", "FROM sessions ORDER BY ALL", "--format", "jsonl");
    const before = await ask();
    expect(before.stdout.split("\n")).toHaveLength(8);
    expect(await run("compact", "--dry-run")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /^(would compact sessions-.*gz\n){3}to compact 3, already 0, 0\.0 MB, \d+\.\d s\n$/,
      ),
    });
    const compacted = await run("compact");
    expect([compacted.code, compacted.stderr]).toEqual([0, ""]);
    expect(compacted.stdout).toMatch(/^compacted 3, already 0, 0\.0 MB, \d+\.\d s\n$/);
    expect(await ask()).toEqual(before);
    expect((await verify()).stdout).toMatch(/^sound: 4 segments, 7 rows, 3 segments compacted, sequences 1 to 7\n$/m);
    expect((await run("compact")).stdout).toMatch(/^compacted 0, already 3, /);
    expect((await run("compact", "--force")).stdout).toMatch(/^compacted 3, already 0, /);
  });

  test("verify finds a copy that is not as compact has written it; with --deep, one that was listed so", async () => {
    const { cwd, inside, verify } = await makeJournal("gzip");
    await runCli(["compact", "--path", "data"], { cwd });
    expect(await runCli(["verify", "--deep", "data"], { cwd })).toMatchObject({ code: 0 });
    const [copy, other] = [copyOf(1, 2), copyOf(3, 4)];
    damage(inside(copy));
    expect(await verify()).toMatchObject({
      code: 1,
      stdout: expect.stringContaining(
        `data/${copy}: does not match its checksum in sessions.parquet.sha256; remove it`,
      ),
    });
    // Its own metadata says that it is of the other segment's range and source.
    const bytes = readFileSync(inside(other)).toString("latin1");
    const rows = readFileSync(inside(copyOf(5, 6))).toString("latin1");
    const facts = /\{"version":1,.*?\}\}/;
    const forged = rows.replace(facts, () => facts.exec(bytes)?.[0] ?? "");
    expect(forged).toHaveLength(rows.length);
    writeFileSync(inside(other), Buffer.from(forged, "latin1"));
    const deep = await runCli(["verify", "--deep", "data"], { cwd });
    expect(deep.stdout).toContain(`data/${other}: has rows of other sequences than its name`);
  });

  test("verify says what no longer is of its segment, and what compact left", async () => {
    const { cwd, inside, verify } = await makeJournal("gzip");
    await runCli(["compact", "--path", "data"], { cwd });
    writeFileSync(inside("sessions.sha256"), "");
    writeFileSync(inside(`${copyOf(1, 2)}.tmp`), "half");
    writeFileSync(inside(copyOf(1, 9)), "of nothing");
    const { code, stdout } = await verify();
    expect(code).toBe(0);
    expect(stdout).toContain(`data/${copyOf(1, 9)}: note: its segment is gone: nobody reads it`);
    expect(stdout).toContain(`data/${copyOf(1, 2)}.tmp: note: is incomplete: compact is writing it`);
    expect(stdout).toContain(`data/${copyOf(1, 2)}: note: ${segment(1, 2)}.gz has no checksum yet; not used`);
  });

  test("compact names the segments that it cannot do, and ends with 1", async () => {
    const { cwd, inside } = await makeJournal("gzip");
    damage(inside(`${segment(3, 4)}.gz`));
    const { code, stdout, stderr } = await runCli(["compact", "--path", "data/sessions.jsonl"], { cwd });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^compacted 2, already 0, failed 1, /);
    expect(stderr).toMatch(new RegExp(`^sessionlog: ${segment(3, 4)}.gz: .*does not match its checksum\n$`));
    expect(readdirSync(inside(".")).filter((name) => name.endsWith(".parquet"))).toEqual([copyOf(1, 2), copyOf(5, 6)]);
  });

  test("compact --every goes on until a signal", async () => {
    const { cwd } = await makeJournal("gzip");
    const signals = new EventEmitter();
    const stdout = createSink();
    const running = runCli(["compact", "--path", "data", "--every", "1h"], { cwd, signals, stdout });
    await expect.poll(() => stdout.text().split("\n").length, { timeout: 60_000 }).toBeGreaterThan(3);
    signals.emit("SIGTERM");
    const { code, stderr } = await running;
    expect(stdout.text()).toMatch(/^compacted 3, already 0, .*\ncompacted 0, already 3, /);
    expect([code, stderr]).toEqual([0, ""]);
  });

  test("compact --every says what fails, and goes on", async () => {
    const cwd = temporaryDirectory();
    const signals = new EventEmitter();
    let waited = 0;
    const stdout = createSink();
    const monotonic_ms = () => {
      if (++waited === 5) signals.emit("SIGTERM");
      return 0;
    };
    const { code, stderr } = await runCli(["compact", "--path", "nope", "--every", "1h"], {
      cwd,
      signals,
      stdout,
      monotonic_ms,
    });
    expect([code, stdout.text()]).toEqual([0, ""]);
    expect(stderr).toMatch(/^(sessionlog: .*nope: no such file or directory\n){2,}$/);
  });

  test.each([
    [["--every", "1h", "--dry-run"], 2, "--every takes no --dry-run and no --force"],
    [["--every", "soon"], 2, "--every"],
    [["--path", "."], 1, "there is no session log here"],
    [["--path", "nope"], 1, "no such file or directory"],
  ])("compact %j", async (args, code, message) => {
    const { stderr, ...result } = await runCli(["compact", ...args], { cwd: temporaryDirectory() });
    expect(result).toEqual({ code, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  test("compact leaves files of another program alone", async () => {
    const cwd = temporaryDirectory();
    writeFileSync(`${cwd}/sessions.jsonl`, "garbage\n");
    const { code, stderr } = await runCli(["compact", "--path", "."], { cwd });
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining("there is no session log here; sessions.jsonl: contains no row"),
    ]);
    expect(readdirSync(cwd)).toEqual(["sessions.jsonl"]);
  });
});
