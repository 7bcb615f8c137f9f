import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { sessionBytes, startTestServer } from "../support/server.js";
import { createSink, rowText, runCli, temporaryDirectory } from "./support.js";

/** A colour, a title, C1, marks that change the direction, DEL, ends of lines. */
const HOSTILE = "\u001b[31mred\u001b]0;title\u0007\u009b2J\u202e\u2066\u200f\u061c\u007f\u2028\rx";
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const FILE = `\u009b31m\u202e.jsonl`;

/** A log whose texts are all hostile, with a phantom, a roster, and a file of bad rows with a hostile name. */
function makeLog(): string {
  const cwd = temporaryDirectory();
  const names = { session_id: HOSTILE, daemon: HOSTILE, model: HOSTILE, provider: HOSTILE, prompt: HOSTILE };
  const attempts = [{ iteration: 1, verdict_kind: "accepted", error: HOSTILE, span_id: HOSTILE }];
  const artifact = { fills: [{ candidate_id: HOSTILE, [HOSTILE]: HOSTILE }] };
  const fill = rowText({ ...names, attempts, artifact, final_verdict: "accepted", grounded_in_roster: true });
  mkdirSync(join(cwd, "log"));
  writeFileSync(
    join(cwd, "log", "sessions.jsonl"),
    `${fill}\n{"schema":"${JSON.stringify(HOSTILE).slice(1, -1)}"}\nno row ${HOSTILE}\n`,
  );
  writeFileSync(join(cwd, "roster.csv"), "worker_id\nw-1\n");
  writeFileSync(join(cwd, FILE), `${rowText({ kind: HOSTILE, [HOSTILE]: 1 })}\nno row\n`);
  return cwd;
}

/** Runs a command with both outputs on a terminal without colours. */
async function onTerminal(args: readonly string[], cwd: string, env: Record<string, string> = { NO_COLOR: "1" }) {
  const stdout = createSink({ isTTY: true, columns: 200 });
  const { stderr, code } = await runCli(args, { cwd, stdout, isTTY: true, env });
  // Lines of progress are the program's own.
  return { code, stdout: stdout.text(), stderr: stderr.replaceAll("\r\u001b[K", "") };
}

const ALL = "SELECT * FROM sessions";
const COMMANDS: readonly (readonly string[])[] = [
  ...["table", "json", "jsonl", "csv", "markdown"].map((format) => [
    "query",
    "--path",
    "log",
    "--format",
    format,
    "--sql",
    ALL,
  ]),
  ["query", "--path", "log", "--sql", "SELECT prompt::INTEGER FROM sessions"],
  ["query", "--path", "log", "--sql", "SELECT error(prompt) FROM sessions"],
  ["query", "--path", "log", "--sql", `SELECT "${HOSTILE}"`],
  ["query", "--path", "log", "--sql", `SELECT 1 AS "${HOSTILE}"`, "--format", "csv"],
  ["query", "first-shot", "--path", "log", "--model", HOSTILE.slice(1)],
  ["query", HOSTILE],
  ["query", "--path", HOSTILE, "--sql", ALL],
  ["alarm", "--path", "log", "--roster", "roster.csv"],
  ["alarm", "--path", "log", "--roster", "roster.csv", "--json"],
  ["alarm", "--path", "log", "--roster", FILE],
  ["audit", "--path", "log", "--roster", "roster.csv"],
  ["audit", "--path", "log", "--roster", "roster.csv", "--json"],
  ["report", "--path", "log", "--html", "r.html"],
  ["report", "--path", HOSTILE, "--html", HOSTILE],
  ["show", "--path", "log", HOSTILE.slice(0, 3)],
  ["show", "--path", "log", "x"],
  ["verify", "log"],
  ["verify", FILE],
  ["verify", HOSTILE],
  ["import", "--path", "new/s.jsonl", FILE],
  ["append", "--address", "127.0.0.1:1", "--timeout", "100ms", FILE],
  ["check-config", "--log-path", `${HOSTILE}.jsonl`],
  ["check-config", "--record-kinds", HOSTILE],
  ["tail", "--address", HOSTILE],
  [HOSTILE],
  ["help", HOSTILE],
];

describe("on a terminal", () => {
  test.each(COMMANDS)("%s %s … prints nothing that a terminal obeys", async (...args) => {
    const { stdout, stderr } = await onTerminal(args, makeLog());
    expect(stdout + stderr).not.toBe("");
    expect(stdout).not.toMatch(CONTROLS);
    expect(stderr).not.toMatch(CONTROLS);
  });

  test.each(["line", "jsonl"])("tail --format %s prints nothing that a terminal obeys", async (format) => {
    const server = await startTestServer();
    onTestFinished(async () => void (await server.close()));
    const session = {
      session_id: "s-1",
      prompt: HOSTILE,
      attempts: [{ iteration: 1, verdict_kind: "no_json", error: HOSTILE }],
    };
    expect(
      await server.client.appendBatch([sessionBytes({ ...session, final_verdict: "max_iter_exhausted" })]),
    ).toMatchObject({ ok: true });
    const { code, stdout } = await onTerminal(
      ["tail", "--address", server.address, "--format", format],
      temporaryDirectory(),
    );
    expect(code).toBe(0);
    expect(stdout).toContain("\\u009b2J");
    expect(stdout).not.toMatch(CONTROLS);
  });

  test("data does not get the colours that the program has", async () => {
    for (const format of ["csv", "table"]) {
      const { stdout } = await onTerminal(["query", "--path", "log", "--format", format, "--sql", ALL], makeLog(), {});
      expect(stdout).toContain("\\u001b[31mred");
      expect(stdout).not.toContain("\u001b[31m");
    }
  });

  test.each([
    ["query", "--path", "log", "--format", "json", "--sql", ALL],
    ["audit", "--path", "log", "--roster", "roster.csv", "--json"],
  ])("JSON has the same values as in a pipe: %s", async (...args) => {
    const cwd = makeLog();
    const piped = await runCli(args, { cwd });
    expect(piped.stdout).toMatch(CONTROLS);
    expect(JSON.parse((await onTerminal(args, cwd)).stdout)).toEqual(JSON.parse(piped.stdout));
  });
});

test("in a pipe, bytes stay as they are", async () => {
  const sql = "SELECT prompt FROM sessions";
  const { stdout } = await runCli(["query", "--path", "log", "--format", "csv", "--sql", sql], { cwd: makeLog() });
  expect(stdout).toBe(`prompt\n"${HOSTILE}"\n`);
});
