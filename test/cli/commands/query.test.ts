import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { textWidth } from "../../../src/cli/output/terminal.js";
import { listQueries } from "../../../src/query/catalog.js";
import { createSink, rowText, runCli, temporaryDirectory } from "../support.js";

const examples = resolve("examples");
const columns = "model, count(*) AS n, NULL AS nothing";
const sql = `SELECT ${columns} FROM sessions WHERE provider = 'ollama' GROUP BY model ORDER BY n`;

function query(...args: readonly string[]) {
  return runCli(["query", "--path", examples, ...args]);
}

/** A directory with a log of these lines, its own configuration. */
function logOf(...lines: readonly string[]): string {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, "sessions.jsonl"), lines.map((line) => `${line}\n`).join(""));
  return directory;
}

describe("query", () => {
  test("query --list prints every query without loading the log", async () => {
    const { code, stdout, stderr } = await runCli(["query", "--list"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const files = readdirSync("queries").filter((file) => file !== "views.sql");
    for (const file of files)
      expect(stdout).toMatch(new RegExp(`^${file.replace(".sql", "")}( --.+)?\\n {4}[A-Z]`, "m"));
    expect(stdout).toContain("\nfirst-shot --min-sessions\n    First-shot success per model\n");
  });

  test("query --show prints the file of a query", async () => {
    const { stdout } = await runCli(["query", "first-shot", "--show"]);
    expect(stdout).toBe(readFileSync("queries/first-shot.sql", "utf8"));
  });

  test("query answers by name, with filters and parameters", async () => {
    const { code, stdout, stderr } = await query(
      "first-shot",
      "--kind",
      "fill",
      "--min-sessions",
      "100",
      "--format",
      "jsonl",
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const rows = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(rows.map((row) => row.model)).toEqual(["claude-sonnet-4-5", "gpt-4.1-mini", "llama3.1:70b", "qwen3:8b"]);
    const since = await query("first-shot", "--since", "1d", "--until", "2027-01-01", "--format", "csv");
    expect(since.stdout.split("\n")[0]).toBe(
      "model,provider,answered,first_shot,accepted,infra_errors,first_shot_share,accepted_share",
    );
  });

  test.each([
    [
      "table",
      [
        "model                   n  nothing",
        "────────────────────  ───  ───────",
        "mistral-small3.2:24b  148     null",
        "qwen3:8b              731     null",
        "",
      ],
    ],
    [
      "json",
      [
        "[",
        '{"model":"mistral-small3.2:24b","n":148,"nothing":null},',
        '{"model":"qwen3:8b","n":731,"nothing":null}',
        "]",
        "",
      ],
    ],
    [
      "jsonl",
      ['{"model":"mistral-small3.2:24b","n":148,"nothing":null}', '{"model":"qwen3:8b","n":731,"nothing":null}', ""],
    ],
    ["csv", ["model,n,nothing", "mistral-small3.2:24b,148,", "qwen3:8b,731,", ""]],
    [
      "markdown",
      [
        "| model | n | nothing |",
        "| --- | --: | --: |",
        "| mistral-small3.2:24b | 148 |  |",
        "| qwen3:8b | 731 |  |",
        "",
      ],
    ],
  ])("query prints %s", async (format, lines) => {
    expect(await query("--sql", sql, "--format", format)).toEqual({ code: 0, stdout: lines.join("\n"), stderr: "" });
  });

  test("query --csv-safe quotes texts that spreadsheets run, and no numbers", async () => {
    const sql = "SELECT '=1+1' AS a, -5 AS b, '-x' AS c, '@y' AS d, ' +z' AS e, 'a-b' AS f, NULL AS g";
    expect(await query("--sql", sql, "--format", "csv", "--csv-safe")).toMatchObject({
      code: 0,
      stdout: "a,b,c,d,e,f,g\n'=1+1,-5,'-x,'@y,' +z,a-b,\n",
    });
    expect(await query("--sql", sql, "--csv-safe")).toMatchObject({
      code: 2,
      stderr: "sessionlog: --csv-safe needs --format csv\n",
    });
  });

  test("query prints no rows as such", async () => {
    const none = "SELECT model, iterations FROM sessions WHERE false";
    expect((await query("--sql", none)).stdout).toBe("model  iterations\n─────  ──────────\n(no rows)\n");
    expect((await query("--sql", none, "--format", "json")).stdout).toBe("[\n]\n");
    expect((await query("--sql", none, "--format", "jsonl")).stdout).toBe("");
  });

  test("query takes SQL from standard input", async () => {
    expect((await runCli(["query", "--path", examples, "--format", "csv"], { stdin: "SELECT 1 AS a;\n" })).stdout).toBe(
      "a\n1\n",
    );
  });

  test("query writes a file only when all of it is there", async () => {
    const directory = temporaryDirectory();
    const output = join(directory, "out.csv");
    expect(await query("--sql", "SELECT 1 AS a", "--format", "csv", "--output", output)).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
    expect(readFileSync(output, "utf8")).toBe("a\n1\n");
    expect((await query("--sql", "SELECT error('no')", "--output", output)).code).toBe(1);
    expect((await query("--sql", "SELECT nothing", "--format", "parquet", "--output", output)).code).toBe(1);
    expect(readFileSync(output, "utf8")).toBe("a\n1\n");
    expect(readdirSync(directory)).toEqual(["out.csv"]);
    const nowhere = join(directory, "none", "out.csv");
    const { code, stderr } = await query("--sql", "SELECT 1", "--output", nowhere);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `sessionlog: ${nowhere}: cannot write: no such file or directory\n`,
    });
  });

  test("query writes Parquet that it reads again", async () => {
    const directory = temporaryDirectory();
    const output = join(directory, "sessions.parquet");
    expect(await query("--sql", "FROM sessions;", "--format", "parquet", "--output", output)).toMatchObject({
      code: 0,
      stderr: "",
    });
    expect(readdirSync(directory)).toEqual(["sessions.parquet"]);
    const again = await query("replay-runs", "--replay-runs", output, "--format", "jsonl");
    expect(again.stdout.split("\n").length).toBe(2001);
  });

  test("query reads the configured log, a directory or a file, and several", async () => {
    const cwd = logOf(rowText(), rowText({ session_id: "s-2" }));
    const count = ["query", "--sql", "SELECT count(*) AS n FROM sessions", "--format", "csv"];
    const env = { SESSIONLOG_LOG_PATH: "sessions.jsonl" };
    expect((await runCli(count, { cwd, env })).stdout).toBe("n\n2\n");
    expect((await runCli([...count, "--path", "."], { cwd })).stdout).toBe("n\n2\n");
    expect((await runCli([...count, "--path", "sessions.jsonl", "--path", examples], { cwd })).stdout).toBe(
      "n\n2002\n",
    );
  });

  test("query shows on a terminal what fits, without the control characters of rows", async () => {
    const cwd = logOf(rowText({ prompt: `\u001b[31mred\u001b[0m ${"x".repeat(200)}` }));
    const { stdout } = await runCli(["query", "--path", cwd, "--sql", "SELECT session_id, prompt FROM sessions"]);
    expect(stdout).toContain("\\u001b[31mred");
    expect(stdout).not.toContain("\u001b");
  });
});

describe("query on a terminal", () => {
  const QUERIES = readdirSync("queries")
    .filter((file) => file !== "views.sql")
    .map((file) => file.replace(".sql", ""));
  const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
    session: ["--session-id", "278794e7"],
    audit: ["--roster", resolve("examples/roster.csv")],
    "replay-runs": ["--replay-runs", join(examples, "sessions.jsonl")],
    "replay-unmatched": ["--replay-runs", join(examples, "sessions.jsonl")],
  };

  test.each(QUERIES)("query %s fits 80 columns, a line a row", async (name) => {
    const stdout = createSink({ isTTY: true, columns: 80 });
    await runCli(["query", name, "--path", examples, ...(PARAMETERS[name] ?? [])], { stdout, env: { NO_COLOR: "" } });
    const lines = stdout.text().trimEnd().split("\n");
    expect(Math.max(...lines.map(textWidth))).toBeLessThanOrEqual(80);
    expect(lines.findIndex((line) => line.startsWith("──"))).toBeLessThanOrEqual(3);
    expect(lines.join("\n")).toMatch(/^(─+ *)+$/m);
    // An id is whole, or short enough to be copied as the beginning of one.
    expect(lines.join("\n")).not.toMatch(/[0-9a-f]{9,31}…/);
  });

  test("query shows how much has been read when it takes long, and wipes it", async () => {
    const stdout = createSink({ isTTY: true, columns: 80 });
    const sql = "SELECT count(*) FROM range(20000) a(i), range(10000) b(j) WHERE hash(i + j) = 3";
    let now_ms = 0;
    const monotonic_ms = () => (now_ms += 600);
    const { code, stderr } = await runCli(["query", "--path", examples, "--sql", sql], {
      stdout,
      isTTY: true,
      monotonic_ms,
    });
    expect(code).toBe(0);
    expect(stderr).toMatch(/^(\r\u001b\[Kreading…( \d+ %)?)+\r\u001b\[K$/);
    expect((await query("first-shot")).stderr).toBe("");
  });

  test("query explains an answer without rows", async () => {
    expect((await query("first-shot", "--model", "qwen3", "--kind", "fill", "--daemon", "x")).stderr).toBe(
      "sessionlog: no session has daemon x; there are mailsmith, runbookd, shiftbot, validatord\n" +
        "sessionlog: no session has model qwen3; there are (none), claude-sonnet-4-5, gpt-4.1-mini, llama3.1:70b, mistral-small3.2:24b, qwen3:8b\n",
    );
    expect((await query("session", "--session-id", "zzzz")).stderr).toBe(
      "sessionlog: no session has an id that begins with zzzz\n",
    );
    expect((await query("first-shot", "--model", "qwen3:8b", "--model", "qwen3")).stderr).toBe("");
    expect((await query("first-shot", "--provider", "x")).stderr).toBe(
      "sessionlog: no session has provider x; there are (none), anthropic, ollama, openai, vllm\n",
    );
    expect((await query("first-shot", "--verdict", "x")).stderr).toContain(
      "Expected one of accepted, max_iter_exhausted, infra_error.",
    );
  });

  test.each(QUERIES)("query %s --help is about that query", async (name) => {
    const { code, stdout } = await runCli(["query", name, "--help"]);
    const own = listQueries().find((each) => each.name === name);
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: sessionlog query ${name} [options]\n\n${own?.title}\n`);
    const flags = [...stdout.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, flag]) => flag);
    expect(flags).toEqual(own?.parameters.map((parameter) => `--${parameter.name.replaceAll("_", "-")}`));
    expect([...stdout.matchAll(/^ {2}sessionlog query /gm)].length).toBe(2);
    expect(stdout.split("\n").length).toBeLessThan(40);
  });
});

describe("query with bad input", () => {
  test.each<[string[], string]>([
    [["frist-shot"], 'there is no query "frist-shot"; did you mean first-shot?'],
    [["everything"], 'there is no query "everything"; see sessionlog query --list'],
    [["first-shot", "--sql", "SELECT 1"], "give the name of a query or --sql, not both"],
    [["--list", "first-shot"], "--list takes no query and no --sql"],
    [["--show"], "--show needs the name of a query"],
    [[], "name a query, or give SQL with --sql or on standard input; see sessionlog query --list"],
    [["alarm", "--limit", "3"], "alarm does not take --limit; it takes no parameters"],
    [["first-shot", "--days", "3"], "first-shot does not take --days; it takes --min-sessions"],
    [["--sql", "SELECT 1", "--days", "3"], "your own SQL does not take --days; it takes no parameters"],
    [["session"], "session needs --session-id: the id, or its beginning"],
    [
      ["refusal-reasons", "--limit", "-1"],
      "option '--limit <integer>' argument '-1' is invalid. Expected a whole number.",
    ],
    [
      ["infra-errors", "--span", "fortnight"],
      "option '--span <hour|day|week|month>' argument 'fortnight' is invalid. Expected one of hour, day, week, month.",
    ],
    [
      ["first-shot-weeks", "--by", "provider"],
      "option '--by <model|kind|daemon>' argument 'provider' is invalid. Expected one of model, kind, daemon.",
    ],
    [
      ["alarm", "--format", "xml"],
      "option '--format <format>' argument 'xml' is invalid. Allowed choices are table, json, jsonl, csv, markdown, parquet.",
    ],
    [["alarm", "--format", "parquet"], "--format parquet needs --output <file>"],
    [["alarm", "--since", "2026-05-02", "--until", "2026-05-01"], "--since must be before --until"],
    [
      ["alarm", "--since", "tomorrow"],
      "option '--since <time>' argument 'tomorrow' is invalid. Expected a duration before now such as \"7d\" or \"12h\", a date such as 2026-05-02, or a time such as 2026-05-02T05:22:09Z.",
    ],
  ])("query ends %j with 2 and one line", async (args, message) => {
    expect(await query(...args)).toEqual({ code: 2, stdout: "", stderr: `sessionlog: ${message}\n` });
  });

  test("query shows the place of an error in SQL", async () => {
    const { code, stdout, stderr } = await query("--sql", "SELECT model,\n  modle2\nFROM sessions");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^sessionlog: Binder Error: .*modle2.*\n[\s\S]*LINE 2: {3}modle2\n {10}\^\n$/);
  });

  test.each(["COPY sessions TO 'x.csv'", "DROP VIEW sessions", "SELECT * FROM read_text('/etc/passwd')"])(
    "query refuses %s",
    async (statement) => {
      const { code, stdout, stderr } = await query("--sql", statement);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toMatch(/^sessionlog: /);
      expect(existsSync("x.csv")).toBe(false);
    },
  );

  test("query says that there is no log", async () => {
    const cwd = temporaryDirectory();
    const stderr = `sessionlog: ${cwd}/data/sessions.jsonl: there is no session log here\n`;
    expect(await runCli(["query", "alarm"], { cwd })).toEqual({ code: 1, stdout: "", stderr });
  });

  test("query answers an empty log, and one with a torn last line", async () => {
    const cwd = logOf();
    const count = ["query", "--path", ".", "--sql", "SELECT count(*) AS n FROM sessions", "--format", "csv"];
    expect(await runCli(count, { cwd })).toEqual({ code: 0, stdout: "n\n0\n", stderr: "" });
    writeFileSync(join(cwd, "sessions.jsonl"), `${rowText()}\n${rowText().slice(0, 40)}`);
    expect(await runCli(count, { cwd })).toEqual({ code: 0, stdout: "n\n1\n", stderr: "" });
  });

  test("query counts rows of other schemas on standard error", async () => {
    const cwd = logOf(rowText({ schema: "session.iterate.v2" }), rowText(), "text");
    const { code, stdout, stderr } = await runCli(
      ["query", "--path", ".", "--sql", "SELECT count(*) AS n FROM sessions", "--format", "csv"],
      { cwd },
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: "n\n1\n" });
    expect(stderr).toBe(
      `sessionlog: ${cwd}/sessions.jsonl: skipped 1 line of schema session.iterate.v2\n` +
        `sessionlog: ${cwd}/sessions.jsonl: skipped 1 line that is not a row of a session log; line 3: record INVALID_ENCODING: expected a JSON object\n`,
    );
  });

  test("query names a damaged segment, answers from the others, and ends with 1", async () => {
    const cwd = logOf(rowText());
    const name = `sessions-${"1".padStart(20, "0")}-${"9".padStart(20, "0")}.jsonl.gz`;
    writeFileSync(join(cwd, name), gzipSync(`${rowText()}\n`.repeat(9)).subarray(0, -9));
    const { code, stdout, stderr } = await runCli(
      ["query", "--path", ".", "--sql", "SELECT count(*) AS n FROM sessions", "--format", "csv"],
      { cwd },
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: "n\n1\n" });
    expect(stderr).toBe(`sessionlog: ${cwd}/${name}: left out: damaged gzip: unexpected end of file\n`);
  });

  test("query stops when the time is up", async () => {
    const slow = "SELECT count(*) FROM range(1000000) a(i), range(1000000) b(j) WHERE hash(i + j) = 3";
    expect(await query("--timeout", "300ms", "--sql", slow)).toEqual({
      code: 1,
      stdout: "",
      stderr: "sessionlog: stopped after 0.3 s (--timeout)\n",
    });
  });

  test("query says what is wrong with a file of replay runs", async () => {
    const path = join(logOf('{"id":1}'), "sessions.jsonl");
    const { code, stderr } = await query("replay-runs", "--replay-runs", path);
    expect({ code, stderr }).toEqual({ code: 1, stderr: `sessionlog: ${path}: no row has a session_id\n` });
    const none = await query("replay-runs", "--replay-runs", "/none.csv");
    expect(none).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^sessionlog: \/none\.csv: no such file\n$/),
    });
  });
});
