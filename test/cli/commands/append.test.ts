import { EventEmitter } from "node:events";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { readGoldenAccepts } from "../../support/golden.js";
import { createFakeJournal } from "../../support/journal.js";
import { startTestServer, type TestServerOptions } from "../../support/server.js";
import { rowText, runCli, temporaryDirectory } from "../support.js";

async function startServer(options: TestServerOptions = {}) {
  const server = await startTestServer(options);
  onTestFinished(async () => void (await server.close()));
  return server;
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}

describe("append", () => {
  test("append sends a session log's rows so that the same bytes are stored", async () => {
    const server = await startServer();
    const cwd = temporaryDirectory();
    const rows = readGoldenAccepts().map(({ row }) => row);
    writeFileSync(join(cwd, "rows.jsonl"), lines(rows));
    const result = await runCli(["append", "--address", server.address, "--batch-rows", "7", "rows.jsonl"], { cwd });
    expect(result).toEqual({ code: 0, stdout: `appended ${rows.length}, duplicate 0, refused 0\n`, stderr: "" });
    expect(server.rows()).toEqual(rows);
  });

  test("append takes the address from SESSIONLOG_ADDRESS and rows from standard input, blank lines and \\r\\n included", async () => {
    const server = await startServer();
    const stdin = `\n${rowText()}\r\n\n${rowText({ session_id: "s-2" })}`;
    const env = { SESSIONLOG_ADDRESS: server.address };
    expect(await runCli(["append"], { env, stdin })).toMatchObject({
      code: 0,
      stdout: "appended 2, duplicate 0, refused 0\n",
    });
    expect(server.rows()).toHaveLength(2);
  });

  test("append names refused rows by line, stores the others, and writes the rejects so that rows can be got back", async () => {
    const server = await startServer();
    const cwd = temporaryDirectory();
    const bad = [rowText({ kind: "x", duration_ms: -1 }), '{"torn', rowText({ session_id: "" })];
    const input = Buffer.concat([
      Buffer.from(lines([rowText(), ...bad, rowText({ session_id: "s-2" })])),
      Buffer.from('{"session_id":"\xff"}\n', "latin1"),
    ]);
    writeFileSync(join(cwd, "rows.jsonl"), input);
    const result = await runCli(["append", "--address", server.address, "--rejects", "bad.jsonl", "rows.jsonl"], {
      cwd,
    });
    expect(result).toMatchObject({ code: 1, stdout: "appended 2, duplicate 0, refused 4\n" });
    expect(result.stderr.split("\n")).toEqual([
      'rows.jsonl:2: record.kind NOT_ALLOWED: expected one of fill, email, playbook, found "x"; record.duration_ms OUT_OF_RANGE: expected 0 to 9007199254740991, found -1',
      expect.stringMatching(/^rows\.jsonl:3: record INVALID_ENCODING: /),
      expect.stringMatching(/^rows\.jsonl:4: record\.session_id REQUIRED: .*--stamp$/),
      "rows.jsonl:6: record INVALID_ENCODING: expected UTF-8",
      "",
    ]);
    const rejects = readFileSync(join(cwd, "bad.jsonl"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(rejects.map(({ line, row }) => [line, row])).toEqual([
      ...bad.map((row, index) => [index + 2, row]),
      [6, null],
    ]);
    expect(rejects[0].violations).toEqual([
      { field: "record.kind", reason: "NOT_ALLOWED", description: expect.any(String) },
      { field: "record.duration_ms", reason: "OUT_OF_RANGE", description: expect.any(String) },
    ]);
    expect(Buffer.from(rejects[3].row_base64, "base64").toString("latin1")).toBe('{"session_id":"\xff"}');
    expect(server.rows()).toHaveLength(2);
  });

  test("append names the first 20 refused rows and counts the others", async () => {
    const server = await startServer();
    const stdin = lines(Array(25).fill("[]"));
    const { code, stdout, stderr } = await runCli(["append", "--address", server.address, "--batch-rows", "9"], {
      stdin,
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "appended 0, duplicate 0, refused 25\n" });
    const told = stderr.trimEnd().split("\n");
    expect(told).toHaveLength(21);
    expect(told[19]).toMatch(/^-:20: record /);
    expect(told[20]).toBe("and 5 more");
  });

  test("append gives rows an id and a time of their own when told to", async () => {
    const server = await startServer();
    const stdin = lines([rowText({ session_id: "", timestamp: null })]);
    const { code } = await runCli(["append", "--address", server.address, "--stamp"], { stdin });
    expect(code).toBe(0);
    expect(server.rows()).toEqual([rowText({ session_id: "0123456789abcdef0123456789abcdef" })]);
  });

  test("append sends again what a full queue refused, and counts duplicates", async () => {
    const journal = createFakeJournal();
    const server = await startServer({ createJournal: () => journal });
    journal.refuseWith({ kind: "queue_full", message: "the queue is full", retry_after_ms: 100 });
    const appends = journal.append;
    let calls = 0;
    journal.append = (rows) => {
      calls += 1;
      if (calls === 3) journal.refuseWith({ kind: "appended", rows: [{ sequence: 1, duplicate: true }] });
      return appends(rows);
    };
    const result = await runCli(["append", "--address", server.address], { stdin: lines([rowText()]) });
    expect(result).toEqual({ code: 0, stdout: "appended 0, duplicate 1, refused 0\n", stderr: "" });
    expect(calls).toBe(3);
  });

  test("append gives up without progress and says where to go on", async () => {
    const journal = createFakeJournal();
    const server = await startServer({ createJournal: () => journal });
    const appends = journal.append;
    journal.append = (rows) => {
      if (journal.appends.length === 2) {
        journal.refuseWith({ kind: "disk_full", message: "the disk is full", retry_after_ms: 1000 });
      }
      return appends(rows);
    };
    const stdin = `\n${lines(Array(10).fill(rowText()))}`;
    const result = await runCli(["append", "--address", server.address, "--batch-rows", "3", "--timeout", "30s"], {
      stdin,
    });
    expect(result).toEqual({
      code: 1,
      stdout: "appended 6, duplicate 0, refused 0\n",
      stderr: `sessionlog: ${server.address}: no progress for 30 s: RESOURCE_EXHAUSTED: the disk is full; resume from line 8\n`,
    });
  });

  test("append gives up on a service that is not there", async () => {
    const { address, close } = await startTestServer();
    await close();
    const result = await runCli(["append", "--address", address, "--timeout", "1s"], { stdin: lines([rowText()]) });
    expect(result).toMatchObject({ code: 1, stdout: "appended 0, duplicate 0, refused 0\n" });
    expect(result.stderr).toMatch(/^sessionlog: .*: no progress for 1 s: UNAVAILABLE: .*; resume from line 1\n$/);
  });

  test("append sends what is too large for a message in parts, and refuses a row that is too large alone", async () => {
    const server = await startServer({ server: { max_message_bytes: 2048 } });
    const rows = Array.from({ length: 20 }, (_, i) => rowText({ session_id: `s-${i}` }));
    rows[7] = rowText({ prompt: "x".repeat(3000) });
    const result = await runCli(["append", "--address", server.address], { stdin: lines(rows) });
    expect(result).toMatchObject({ code: 1, stdout: "appended 19, duplicate 0, refused 1\n" });
    expect(result.stderr).toMatch(/^-:8: record TOO_LONG: /);
    expect(server.rows()).toEqual(rows.filter((_, index) => index !== 7));
  });

  test("append shows on a terminal how far it is", async () => {
    const server = await startServer();
    const result = await runCli(["append", "--address", server.address], { stdin: lines([rowText()]), isTTY: true });
    expect(result.stderr).toBe("\r\u001b[Kline 1: 1 rows stored, 0 refused\r\u001b[K");
  });

  test.each<[string[], number, string]>([
    [["none.jsonl"], 1, "none.jsonl: cannot read: no such file or directory"],
    [["--rejects", "no/bad.jsonl", "rows.jsonl"], 1, "CWD/no/bad.jsonl: cannot write: no such file or directory"],
    [["--rejects", "./rows.jsonl", "rows.jsonl"], 2, "--rejects: ./rows.jsonl is an input file"],
  ])("append refuses files that it cannot use: %j", async (args, code, message) => {
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, "rows.jsonl"), lines([rowText()]));
    const result = await runCli(["append", "--address", "127.0.0.1:1", ...args], { cwd });
    expect(result).toEqual({ code, stdout: "", stderr: `sessionlog: ${message.replace("CWD", cwd)}\n` });
    expect(readFileSync(join(cwd, "rows.jsonl"), "utf8")).toBe(lines([rowText()]));
  });

  test.each([[[]], [["--follow"]]])("append %j sends standard input when no more comes for a second", async (flags) => {
    const server = await startServer();
    const stdin = new PassThrough();
    const running = runCli(["append", "--address", server.address, "--stamp", ...flags, "-"], { stdin });
    stdin.write(`${rowText()}\n`);
    await vi.waitFor(() => expect(server.rows()).toHaveLength(1), 10_000);
    stdin.end(`${rowText({ session_id: "s-2" })}\n`);
    expect(await running).toMatchObject({ code: 0, stdout: "appended 2, duplicate 0, refused 0\n" });
  });

  test.each([
    [["--follow", "rows.jsonl.gz"], "--follow: rows.jsonl.gz is compressed, so nothing is added to it"],
    [["--state", "state", "rows.jsonl"], "--state goes with --follow FILE"],
    [["--follow", "--state", "state", "-"], "--state goes with --follow FILE"],
    [
      ["--follow", "--stamp", "rows.jsonl"],
      "--follow FILE with --stamp needs --state: another run would send the same rows with other ids",
    ],
  ])("append refuses %j", async (args, message) => {
    const { code, stderr } = await runCli(["append", ...args]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`sessionlog: ${message}`)]);
  });

  test("append --follow sends what is added until it gets a signal, and its next run goes on there", async () => {
    const server = await startServer();
    const cwd = temporaryDirectory();
    const path = join(cwd, "rows.jsonl");
    const args = [
      "append",
      "--address",
      server.address,
      "--follow",
      "--state",
      "state",
      "--rejects",
      "bad",
      "rows.jsonl",
    ];
    const row = (number: number) => `${rowText({ session_id: `s-${number}` })}\n`;
    async function follow(text: string, rows: number) {
      const signals = new EventEmitter();
      const running = runCli(args, { cwd, signals });
      appendFileSync(path, text);
      await vi.waitFor(() => expect(server.rows()).toHaveLength(rows), 10_000);
      signals.emit("SIGTERM");
      return running;
    }
    writeFileSync(path, row(0));
    const first = await follow(`${row(1)}{"torn\n`, 2);
    expect(first).toMatchObject({ code: 1, stdout: "appended 2, duplicate 0, refused 1\n" });
    expect(first.stderr).toContain("rows.jsonl:3: record INVALID_ENCODING");
    const second = await follow(row(2), 3);
    expect(second).toMatchObject({ code: 0, stdout: "appended 1, duplicate 0, refused 0\n", stderr: "" });
    expect(readFileSync(join(cwd, "bad"), "utf8").split("\n")).toHaveLength(2);
  });

  test("append --follow waits for a service that is away, and says so once", async () => {
    const away = await startTestServer();
    await away.close();
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, "rows.jsonl"), `${rowText()}\n`);
    const signals = new EventEmitter();
    const running = runCli(["append", "--address", away.address, "--follow", "rows.jsonl"], { cwd, signals });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const server = await startServer({ server: { listen: away.address } });
    await vi.waitFor(() => expect(server.rows()).toHaveLength(1), 10_000);
    signals.emit("SIGINT");
    const { code, stderr } = await running;
    expect([code, stderr.split("\n").length]).toEqual([0, 2]);
    expect(stderr).toMatch(/^sessionlog: [0-9.:]+: UNAVAILABLE: .*; rows wait\n$/);
  });
});
