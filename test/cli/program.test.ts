import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { rowText, runCli, temporaryDirectory } from "./support.js";

const names = [
  "serve",
  "append",
  "tail",
  "show",
  "query",
  "alarm",
  "audit",
  "compact",
  "report",
  "view",
  "verify",
  "import",
  "check-config",
  "health",
  "token",
  "schema",
];

describe("runProgram", () => {
  test.each<[string[], string]>([
    [[], `no command given; commands are ${names.join(", ")}; see sessionlog --help`],
    [["serv"], "unknown command 'serv' (Did you mean serve?)"],
    [["help", "verfy"], "unknown command 'verfy' (Did you mean verify?)"],
    [["--serve"], "unknown option '--serve'"],
    [["serve", "--lisen", "x"], "unknown option '--lisen' (Did you mean --listen?)"],
    [["serve", "--listen"], "option '--listen <address>' argument missing"],
    [["serve", "now"], "too many arguments. Expected 0 arguments but got 1."],
    [["import"], "missing required argument 'file'"],
    [["append", "a", "b"], "too many arguments. Expected 1 argument but got 2."],
    [
      ["append", "--batch-rows", "0"],
      "option '--batch-rows <number>' argument '0' is invalid. Expected a whole number from 1 to 10000.",
    ],
    [
      ["serve", "--log-queue-rows", "0"],
      "--log-queue-rows ([log] queue_rows): expected a whole number from 1 to 10000000; got 0",
    ],
    [["serve", "--server-insecure", "\n"], '--server-insecure ([server] insecure): expected true or false; got "\\n"'],
    [["append", "--address", "localhost"], '--address: expected "host:port" or "unix:/path"; got "localhost"'],
    [["append", "--address", "localhost:0"], '--address: expected "host:port" or "unix:/path"; got "localhost:0"'],
  ])("runProgram ends %j with 2 and one line", async (args, message) => {
    expect(await runCli(args)).toEqual({ code: 2, stdout: "", stderr: `sessionlog: ${message}\n` });
  });

  test.each([["verify", "x"], ["import", "x"], ["schema"], ["append"], ["serve"], ["check-config"]])(
    "runProgram refuses unknown variables in %s",
    async (...args) => {
      expect(await runCli(args, { env: { SESSIONLOG_ADRESS: "x:1" } })).toEqual({
        code: 2,
        stdout: "",
        stderr:
          "sessionlog: environment: SESSIONLOG_ADRESS is not a known variable; did you mean SESSIONLOG_ADDRESS?\n",
      });
    },
  );

  test("runProgram prints the overview, the version and the help of each command", async () => {
    const overview = await runCli(["--help"]);
    expect(overview.code).toBe(0);
    for (const name of names) {
      expect(overview.stdout).toMatch(new RegExp(`^  ${name} +[a-z]`, "m"));
      const help = await runCli([name, "--help"]);
      expect(help).toMatchObject({ code: 0, stderr: "" });
      expect(help.stdout).toMatch(new RegExp(`^Usage: sessionlog ${name} `));
      expect(help.stdout).toMatch(/^Exit status:\n {2}0 {2}/m);
      expect(help.stdout).toMatch(/^Environment:\n {2}SESSIONLOG_/m);
      expect(help.stdout).toMatch(/^Examples?:\n {2}sessionlog /m);
      expect(await runCli(["help", name])).toEqual(help);
    }
    expect((await runCli(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("serve", () => {
  test("serve ends with 1 and one line that names the thing when it cannot start", async () => {
    const cwd = temporaryDirectory();
    mkdirSync(join(cwd, "taken.jsonl"));
    const result = await runCli(["serve", "--listen", "127.0.0.1:0", "--path", "taken.jsonl"], { cwd });
    expect(result).toMatchObject({ code: 1, stdout: "" });
    const lines = result.stderr
      .trimEnd()
      .split("\n")
      .filter((line) => !line.startsWith("{"));
    expect(lines).toEqual([expect.stringMatching(/^sessionlog: .*taken\.jsonl/)]);
  });
});

describe("check-config", () => {
  test("check-config prints values and origins, as a file that gives the same", async () => {
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, "sessionlog.toml"), '[log]\nqueue_rows = 7\n[record]\nkinds = ["a", "b"]\n');
    const env = { SESSIONLOG_LOG_QUEUE_BYTES: "1MiB" };
    const first = await runCli(["check-config", "--insecure", "--listen", "0.0.0.0:1"], { cwd, env });
    expect(first).toMatchObject({ code: 0, stderr: "" });
    const lines = first.stdout.replace(/ +# /g, " # ").split("\n");
    expect(lines).toContain(`# Configuration file: ${cwd}/sessionlog.toml`);
    expect(lines).toContain('listen = "0.0.0.0:1" # restart  flag --listen');
    expect(lines).toContain("insecure = true # restart  flag --insecure");
    expect(lines).toContain('drain_timeout = "10s" # reload   default');
    expect(lines).toContain(`path = "${cwd}/data/sessions.jsonl" # restart  default`);
    expect(lines).toContain(`queue_rows = 7 # restart  ${cwd}/sessionlog.toml`);
    expect(lines).toContain('queue_bytes = "1MiB" # restart  SESSIONLOG_LOG_QUEUE_BYTES');
    expect(lines).toContain(`kinds = ["a", "b"] # reload   ${cwd}/sessionlog.toml`);
    expect(lines).toContain('roster = "" # command  default');

    writeFileSync(join(cwd, "again.toml"), first.stdout);
    const second = await runCli(["check-config", "--config", "again.toml"], { cwd });
    const values = (text: string) => text.split("\n").map((line) => line.replace(/ *#.*/, ""));
    expect(values(second.stdout)).toEqual(values(first.stdout));
  });

  test("check-config --against says what a reload would change, and what needs a restart", async () => {
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, "old.toml"), "[log]\nqueue_rows = 7\n[retention]\nmax_segments = 3\n");
    const config = '[log]\nqueue_rows = 8\n[logs]\nlevel = "debug"\n[langfuse]\nurl = "https://x"\n';
    writeFileSync(join(cwd, "sessionlog.toml"), config);
    const { code, stdout, stderr } = await runCli(["check-config", "--against", "old.toml"], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(`from ${cwd}/old.toml to ${cwd}/sessionlog.toml
a reload changes:
  [retention] max_segments: 3 -> 0
  [logs] level: "info" -> "debug"
needs a restart:
  [log] queue_rows: 7 -> 8
the next command reads:
  [langfuse] url: "" -> "https://x"
`);
    const same = await runCli(["check-config", "--against", "sessionlog.toml"], { cwd });
    expect(same.stdout).toBe(`from ${cwd}/sessionlog.toml to ${cwd}/sessionlog.toml\nno setting changes\n`);
    const missing = await runCli(["check-config", "--against", "no.toml"], { cwd });
    const reason = "cannot read the configuration (named by --against): no such file or directory";
    expect(missing).toMatchObject({ code: 2, stderr: `sessionlog: ${cwd}/no.toml: ${reason}\n` });
  });

  test("check-config --against refuses what a reload would", async () => {
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, "old.toml"), '[server]\nlisten = "0.0.0.0:1"\ninsecure = true\n');
    writeFileSync(join(cwd, "auth.toml"), '[[identity]]\nname = "a"\nroles = ["admin"]\n', { mode: 0o600 });
    writeFileSync(join(cwd, "sessionlog.toml"), '[auth]\nfile = "auth.toml"\n');
    const { code, stderr } = await runCli(["check-config", "--against", "old.toml"], { cwd });
    const reason = 'tokens would go to "0.0.0.0:1" in the clear; set [tls] cert and key';
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `sessionlog: with what needs a restart as it was: ${cwd}/old.toml: [server] listen: ${reason}\n`,
    });
  });

  test("check-config lets the last of two flags for one key count", async () => {
    const { stdout } = await runCli(["check-config", "--server-listen", "[::1]:1", "--listen", "[::1]:2"]);
    expect(stdout).toMatch(/^listen = "\[::1\]:2" +# restart {2}flag --listen$/m);
  });
});

describe("schema", () => {
  test("schema prints the JSON Schema with the configured kinds", async () => {
    const { code, stdout } = await runCli(["schema"], { env: { SESSIONLOG_RECORD_KINDS: "fill,letter" } });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      properties: { kind: { type: "string", enum: ["fill", "letter"] } },
    });
  });
});

describe("verify", () => {
  test("verify names file, line and violations, and counts", async () => {
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, "a.jsonl"), `${rowText()}\n\n${rowText({ kind: "x", duration_ms: -1 })}\n`);
    writeFileSync(join(cwd, "b.jsonl"), `${rowText({ attempts: null })}\n${rowText().slice(0, 50)}`);
    expect(await runCli(["verify", "a.jsonl", "b.jsonl"], { cwd })).toEqual({
      code: 1,
      stderr: "",
      stdout: [
        'a.jsonl:3: record.kind NOT_ALLOWED: expected one of fill, email, playbook, found "x"; record.duration_ms OUT_OF_RANGE: expected 0 to 9007199254740991, found -1',
        "b.jsonl:2: record INVALID_ENCODING: the last line is torn: expected a whole JSON object and a newline",
        "checked 4, legacy 1, refused 2",
        "",
      ].join("\n"),
    });
  });

  test("verify ends with 0 when all rows are right, legacy ones included", async () => {
    const stdin = `${rowText()}\n${rowText({ daemon: "" })}\n${rowText({ session_id: "" })}\n`;
    expect(await runCli(["verify", "--daemon", "old", "-"], { stdin })).toEqual({
      code: 0,
      stderr: "",
      stdout: "checked 3, legacy 2, refused 0\n",
    });
  });

  test("verify goes on behind a file that cannot be read", async () => {
    expect(await runCli(["verify", "none.jsonl", "-"], { stdin: `${rowText()}\n` })).toEqual({
      code: 1,
      stderr: "sessionlog: none.jsonl: cannot read: no such file or directory\n",
      stdout: "checked 1, legacy 0, refused 0\n",
    });
  });

  test("verify takes the kinds from the configuration", async () => {
    const stdin = `${rowText({ kind: "letter" })}\n`;
    expect((await runCli(["verify", "-"], { stdin })).code).toBe(1);
    expect((await runCli(["verify", "--record-kinds", "fill,letter", "-"], { stdin })).code).toBe(0);
  });
});
