import { isUtf8 } from "node:buffer";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { COMPRESS, compressedFor } from "../support/compression.js";
import { ODD_LINES, type OddLine, SOUND } from "../support/odd_lines.js";
import { startTestServer } from "../support/server.js";
import { runCli, temporaryDirectory } from "./support.js";

/** A directory with a log of the odd line among sound ones, plain and as a segment, and a roster. */
function logOf({ bytes, first }: OddLine, name = "sessions.jsonl"): string {
  const directory = temporaryDirectory();
  const log = Buffer.from(`${SOUND}\n`);
  const lines = [...(first === true ? [] : [log]), bytes, Buffer.from("\n"), log];
  const content = Buffer.concat(lines);
  writeFileSync(join(directory, name), compressedFor(name, content));
  writeFileSync(join(directory, "roster.csv"), "worker_id\nW-1\n");
  return directory;
}

/** The same of several lines, each with its name in its identifier. */
function logOfAll(lines: readonly OddLine[], name?: string): string {
  const ordered = [...lines.filter(({ first }) => first), ...lines.filter(({ first }) => first !== true)];
  const named = ordered.map(({ bytes, name }) => replaceBytes(bytes, '"odd"', `"odd ${name}"`));
  const content = named.flatMap((bytes) => [bytes, Buffer.from(`\n${SOUND}\n`)]).slice(0, -1);
  const bytes = Buffer.concat(content);
  return logOf({ name: "all", verdict: "row", bytes, ...(ordered[0]?.first && { first: true }) }, name);
}

function replaceBytes(bytes: Buffer, from: string, to: string): Buffer {
  return Buffer.from(bytes.toString("latin1").replace(from, to), "latin1");
}

describe("odd lines", () => {
  test.each(ODD_LINES)("alarm of the line alone among sound ones: $name: $verdict", async (line) => {
    const is_row = line.verdict.startsWith("row");
    const is_read = line.verdict !== "unreadable";
    const alarm = await runCli(["alarm", "--json", "--path", "sessions.jsonl"], { cwd: logOf(line) });
    expect([alarm.code, JSON.parse(alarm.stdout)]).toMatchObject([
      is_row || !is_read ? 1 : 0,
      { alarm: is_row, complete: is_read, ungrounded_count: is_row ? 1 : 0 },
    ]);
  });

  const read = ODD_LINES.filter(({ verdict }) => verdict !== "unreadable");
  const no_rows = ODD_LINES.filter(({ verdict }) => verdict === "blank" || verdict === "foreign");
  const unreadable = ODD_LINES.filter(({ verdict }) => verdict === "unreadable");
  describe.each([
    ["that are read", read],
    ["that are no rows", no_rows],
    ["that cannot be read", unreadable],
    ["of all kinds, without the longest", ODD_LINES.filter(({ bytes }) => bytes.length < 1024 * 1024)],
  ] as const)("alarm, audit and query of the lines %s together", (_, lines) => {
    const ids = lines.flatMap(({ verdict, name }) => (verdict.startsWith("row") ? [`odd ${name}`] : []));
    const complete = !lines.some(({ verdict }) => verdict === "unreadable");
    const code = ids.length > 0 || !complete ? 1 : 0;

    test.each([
      [["alarm"], "sessions.jsonl"],
      [["alarm", "--since", "2026-05-01"], "sessions.jsonl"],
      [["alarm", "--until", "2026-05-03"], "sessions.jsonl"],
      [["alarm"], "x.jsonl.gz"],
    ] as const)("%j of %s", async (args, name) => {
      const alarm = await runCli([...args, "--json", "--path", name], { cwd: logOfAll(lines, name) });
      expect([alarm.code, JSON.parse(alarm.stdout)]).toMatchObject([
        code,
        { alarm: ids.length > 0, complete, ungrounded_count: ids.length },
      ]);
    });

    test("audit and query", async () => {
      const cwd = logOfAll(lines);
      const path = ["--path", "sessions.jsonl"];
      const audit = await runCli(["audit", "--json", "--roster", "roster.csv", ...path], { cwd });
      expect([audit.code, JSON.parse(audit.stdout)]).toMatchObject([code, { complete }]);
      const query = await runCli(["query", "--sql", "FROM sessions", "--format", "jsonl", ...path], { cwd });
      const rows = query.stdout.trimEnd().split("\n");
      const found = rows.map((row) => String(JSON.parse(row).session_id));
      expect(found.filter((id) => id !== "sound").sort()).toEqual(ids.toSorted());
      expect(query.code).toBe(complete ? 0 : 1);
    });
  });

  test.each(ODD_LINES)("verify: $name: $verdict", async (line) => {
    const { verdict, first, stored } = line;
    const cwd = logOf(line);
    const sound = verdict === "blank" || (verdict === "row" && stored !== false);
    for (const path of [".", "sessions.jsonl"]) {
      const { code, stdout } = await runCli(["verify", path], { cwd });
      expect([code, stdout.includes(`sessions.jsonl:${first === true ? 1 : 2}: `)]).toEqual([sound ? 0 : 1, !sound]);
    }
  });

  test.each(["import", "append"])("%s", async (command) => {
    const server = await startTestServer();
    onTestFinished(async () => void (await server.close()));
    const cwd = temporaryDirectory();
    const others = ODD_LINES.filter(({ first, verdict }) => first !== true && verdict !== "blank");
    const lines = [...ODD_LINES.filter(({ first }) => first), ...others];
    const newline = Buffer.from("\n");
    const bytes = lines.flatMap(({ bytes }, index) => [
      Buffer.from(bytes.toString("latin1").replace('"odd"', `"odd-${index}"`), "latin1"),
      newline,
    ]);
    writeFileSync(join(cwd, "in.jsonl"), Buffer.concat(bytes));
    const target = command === "append" ? ["--address", server.address] : ["--path", join(cwd, "sessions.jsonl")];
    const { code, stdout } = await runCli([command, ...target, "--rejects", "out.jsonl", "in.jsonl"], { cwd });
    const rejects = readFileSync(join(cwd, "out.jsonl"), "utf8").trimEnd().split("\n");
    const refused = rejects.map((reject) => lines[Number(JSON.parse(reject).line) - 1]?.name);
    const isStored = ({ verdict, stored }: OddLine) => stored ?? verdict === "row";
    expect(refused).toEqual(lines.filter((line) => !isStored(line)).map(({ name }) => name));
    expect([code, stdout]).toEqual([
      1,
      expect.stringMatching(`${lines.filter(isStored).length}, duplicate 0, refused ${refused.length}\n`),
    ]);
  });

  test.each(COMPRESS)("a log that a service has adopted and sealed: compress = %s", async (compress) => {
    const adopted = ODD_LINES.filter(({ first, bytes }) => first !== true && isObject(bytes));
    const cwd = temporaryDirectory();
    const log = adopted.flatMap(({ bytes }) => [bytes, Buffer.from("\n")]);
    writeFileSync(join(cwd, "sessions.jsonl"), Buffer.concat([...log, Buffer.from(`${SOUND}\n`)]));
    const server = await startTestServer({ log: { path: join(cwd, "sessions.jsonl") }, rotation: { compress } });
    onTestFinished(async () => void (await server.close()));
    await server.service.rotate();
    await expect.poll(() => readdirSync(cwd)).toContain("sessions.sha256");
    const checked = spawnSync("sha256sum", ["--check", "--strict", "--quiet", "sessions.sha256"], { cwd });
    expect([checked.status, String(checked.stdout), String(checked.stderr)]).toEqual([0, "", ""]);
    const alarm = await runCli(["alarm", "--json", "--path", "."], { cwd });
    const ungrounded = adopted.filter(({ verdict }) => verdict.startsWith("row")).length;
    expect([alarm.code, JSON.parse(alarm.stdout)]).toMatchObject([
      1,
      { complete: false, ungrounded_count: ungrounded },
    ]);
    const unread = adopted.filter(({ verdict }) => verdict === "unreadable").length;
    const others = adopted.filter(
      ({ verdict, bytes }) => verdict === "foreign" && !bytes.includes("iterate.v2"),
    ).length;
    expect(unread).toBeGreaterThan(5);
    expect(alarm.stderr).toContain(`: skipped ${unread + others} lines that are not rows`);
  });

  test("a service that adopts a log moves aside what is no JSON object, and nothing else; tail gives the rows and tells of the others", async () => {
    const directory = temporaryDirectory();
    const lines = [...ODD_LINES.filter(({ first }) => first), ...ODD_LINES.filter(({ first }) => first !== true)];
    const few = lines.filter(({ bytes }) => bytes.length < 1024 * 1024);
    const log = Buffer.concat(few.flatMap(({ bytes }) => [bytes, Buffer.from("\n")]));
    writeFileSync(join(directory, "sessions.jsonl"), log);
    const server = await startTestServer({ log: { path: join(directory, "sessions.jsonl") } });
    onTestFinished(async () => void (await server.close()));
    const kept = readFileSync(server.path).toString("latin1");
    for (const { name, bytes, verdict } of few) {
      if (verdict !== "blank" && verdict !== "unreadable")
        expect([name, kept.includes(bytes.toString("latin1"))]).toEqual([name, true]);
    }
    const rows = few.filter(({ verdict, bytes, first }) => verdict !== "blank" && (first === true || isObject(bytes)));
    for (const format of ["jsonl", "line"]) {
      const tail = ["tail", "--from-sequence", "1", "--sequence", "--format", format, "--address", server.address];
      const { code, stdout, stderr } = await runCli(tail);
      const printed = stdout
        .trimEnd()
        .split("\n")
        .map((line) => rows[Number(line.split("\t")[0]) - 1]?.name);
      expect(printed).toEqual(rows.filter(({ verdict }) => verdict.startsWith("row")).map(({ name }) => name));
      const missing = [...stderr.matchAll(/rows up to number (\d+) are missing/g)].map(
        ([, n]) => rows[Number(n) - 1]?.name,
      );
      expect(missing).toEqual(rows.filter(({ verdict }) => !verdict.startsWith("row")).map(({ name }) => name));
      expect(code).toBe(1);
    }
  });
});

/** Whether start takes bytes for a line that is whole: what it cannot parse may be torn, and is moved aside. */
function isObject(bytes: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return isUtf8(bytes) && typeof value === "object" && !Array.isArray(value);
  } catch {
    return false;
  }
}
