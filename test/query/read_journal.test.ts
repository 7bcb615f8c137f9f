import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Compression } from "../../src/journal/index.js";
import { EVERY_SESSION, SqlError, StoppedError } from "../../src/query/index.js";
import { COMPRESSIONS, SUFFIXES } from "../support/compression.js";
import {
  ask,
  checksumLine,
  exampleRows,
  read,
  rowsOf,
  segment,
  temporaryDirectory,
  text,
  writeFiles,
} from "./support.js";

const FOREIGN = '{"schema":"session.iterate.v2"}';
const count = "SELECT count(*), count(DISTINCT session_id) FROM sessions";

/** The examples as a journal: two sealed segments, one of them compressed and one as both, and the active file. */
function exampleJournal(compression: Compression = "gzip"): string {
  const directory = temporaryDirectory();
  writeFiles(directory, {
    [segment(1, 500) + SUFFIXES[compression]]: text(exampleRows.slice(0, 500)),
    [segment(501, 1000)]: text(exampleRows.slice(500, 1000)),
    [segment(501, 1000) + SUFFIXES[compression]]: text(exampleRows.slice(500, 1000)),
    "sessions.jsonl": text(exampleRows.slice(1000)),
  });
  return directory;
}

describe("readJournal", () => {
  test.each(COMPRESSIONS)("readJournal reads plain, %s and active files as one, each row once", async (compression) => {
    const outcome = await read(exampleJournal(compression), (reader) => rowsOf(reader, count));
    expect(outcome).toEqual({ value: [[2000, 2000]], warnings: [], incomplete: false, unread_lines: 0 });
  });

  test("calls of readJournal that overlap leave the process's umask as it was", async () => {
    const directory = temporaryDirectory();
    writeFiles(directory, { "sessions.jsonl": "" });
    const before = process.umask();
    let endFirst = () => {};
    let first: Promise<unknown> = Promise.resolve();
    await new Promise<void>((begun) => {
      first = read(directory, () => {
        begun();
        return new Promise<void>((end) => {
          endFirst = end;
        });
      });
    });
    await read(directory, async () => {
      endFirst();
      await first;
    });
    expect(process.umask()).toBe(before);
  });

  test("readJournal has the row's columns, explicit, whatever the rows hold", async () => {
    const directory = temporaryDirectory();
    writeFiles(directory, { "sessions.jsonl": "" });
    expect(await ask(directory, "SELECT column_name, column_type FROM (DESCRIBE sessions)")).toEqual([
      ["schema", "VARCHAR"],
      ["session_id", "VARCHAR"],
      ["timestamp", "TIMESTAMP WITH TIME ZONE"],
      ["daemon", "VARCHAR"],
      ["kind", "VARCHAR"],
      ["model", "VARCHAR"],
      ["provider", "VARCHAR"],
      ["prompt", "VARCHAR"],
      ["iterations", "INTEGER"],
      ["max_iterations", "INTEGER"],
      ["final_verdict", "VARCHAR"],
      ["attempts", expect.stringMatching(/^STRUCT\(.*span_id VARCHAR\)\[\]$/)],
      ["artifact", "JSON"],
      ["grounded_in_roster", "BOOLEAN"],
      ["duration_ms", "BIGINT"],
    ]);
    expect(await ask(directory, "SELECT * FROM sessions")).toEqual([]);
    expect(await ask(directory, "SELECT * FROM attempts")).toEqual([]);
  });

  test("readJournal gives every attempt a row", async () => {
    const rows = exampleRows.map((row): { attempts: readonly object[] } => JSON.parse(row));
    const attempts = rows.reduce((sum, row) => sum + row.attempts.length, 0);
    expect(await ask("examples", "SELECT count(*), count(DISTINCT session_id || position) FROM attempts")).toEqual([
      [attempts, attempts],
    ]);
  });

  test("readJournal filters the sessions that all queries see", async () => {
    const filter = {
      since_ms: Date.UTC(2026, 9, 12),
      until_ms: Date.UTC(2026, 9, 19),
      kinds: ["fill"],
      daemons: ["validatord", "it's"],
      models: ["qwen3:8b"],
      providers: ["ollama"],
      verdicts: ["accepted", "infra_error"],
    };
    const sql =
      "SELECT count(*) > 5, min(timestamp) >= '2026-10-12', max(timestamp) < '2026-10-19', list(DISTINCT kind || daemon || model) FROM sessions";
    expect(await ask("examples", sql, { filter })).toEqual([[true, true, true, ["fillvalidatordqwen3:8b"]]]);
    expect(await ask("examples", "SELECT list(DISTINCT model) FROM attempts", { filter })).toEqual([[["qwen3:8b"]]]);
    const verdicts = "SELECT list(DISTINCT final_verdict ORDER BY final_verdict), any_value(provider) FROM sessions";
    expect(await ask("examples", verdicts, { filter })).toEqual([[["accepted", "infra_error"], "ollama"]]);
    expect(
      await ask("examples", "SELECT count(*) FROM sessions", { filter: { ...filter, providers: ["vllm"] } }),
    ).toEqual([[0]]);
  });

  test("readJournal passes over a torn last line in silence", async () => {
    const directory = temporaryDirectory();
    writeFiles(directory, { "sessions.jsonl": text(exampleRows.slice(0, 3)) + exampleRows[3]?.slice(0, 99) });
    const outcome = await read(directory, (reader) => rowsOf(reader, count));
    expect(outcome).toEqual({ value: [[3, 3]], warnings: [], incomplete: false, unread_lines: 0 });
  });

  test.each([
    count,
    "SELECT * FROM sessions WHERE kind = 'none'",
    "SELECT count(*) FROM attempts JOIN sessions USING (session_id)",
  ])("readJournal counts rows of other schemas and lines that are no rows: %s", async (sql) => {
    const directory = temporaryDirectory();
    const [row = ""] = exampleRows;
    const other = (schema: string) => row.replace("session.iterate.v1", schema);
    writeFiles(directory, {
      [`${segment(1, 3)}.gz`]: text([row, other("session.iterate.v0"), row]),
      "sessions.jsonl":
        text([row, other("session.iterate.v2"), "garbage", other("session.iterate.v2"), "{}"]) + row.slice(0, 80),
    });
    const { warnings, incomplete } = await read(directory, (reader) => rowsOf(reader, sql));
    expect(incomplete).toBe(false);
    expect(warnings).toEqual([
      `${directory}/${segment(1, 3)}.gz: skipped 1 line of schema session.iterate.v0`,
      `${directory}/sessions.jsonl: skipped 2 lines of schema session.iterate.v2`,
      `${directory}/sessions.jsonl: skipped 2 lines that are not rows of a session log; line 3: record INVALID_ENCODING: expected a JSON object`,
    ]);
  });

  test.each([
    ["", [], false],
    [`${FOREIGN}\n`, ["skipped 1 line of schema session.iterate.v2", "no line that was read is a row"], true],
    ["garbage\n", ["skipped 1 line that is not a row", "no line that was read is a row"], true],
    [`${FOREIGN}\n${exampleRows[0]}\n`, ["skipped 1 line of schema session.iterate.v2"], false],
    ['{"schema":"session.it', [], false],
    ["\n \n", [], false],
  ])("readJournal of %j: a log with lines, but without a row, is not read", async (content, warnings, incomplete) => {
    const directory = temporaryDirectory();
    writeFiles(directory, { "sessions.jsonl": content });
    const outcome = await read(join(directory, "sessions.jsonl"), (reader) => rowsOf(reader, count));
    expect(outcome).toMatchObject({
      incomplete,
      warnings: warnings.map((warning) => expect.stringContaining(warning)),
    });
  });

  test("readJournal judges a sealed segment that has a line over DuckDB's limit", async () => {
    const directory = temporaryDirectory();
    const name = `${segment(1, 3)}.gz`;
    const long = JSON.stringify({ schema: "session.iterate.v1", prompt: "x".repeat(40 * 1024 * 1024) });
    writeFiles(directory, { [name]: text([...exampleRows.slice(0, 1), long, ...exampleRows.slice(1, 2)]) });
    writeFileSync(join(directory, "sessions.sha256"), checksumLine(join(directory, name)));
    const works: string[] = [];
    const outcome = await read(directory, async (reader) => {
      works.push("begun");
      return rowsOf(reader, count);
    });
    expect([works.length, outcome]).toEqual([
      2,
      {
        value: [[2, 2]],
        warnings: [expect.stringContaining("line 2: record TOO_LONG: expected at most 16 MiB in a line")],
        incomplete: false,
        unread_lines: 1,
      },
    ]);
  });

  test.each(COMPRESSIONS)(
    "readJournal answers from the others when a %s segment is damaged, and names it",
    async (compression) => {
      const directory = exampleJournal(compression);
      const bad = join(directory, segment(1, 500) + SUFFIXES[compression]);
      writeFileSync(bad, readFileSync(bad).subarray(0, 2000));
      const outcome = await read(directory, (reader) => rowsOf(reader, count));
      expect(outcome).toEqual({
        value: [[1500, 1500]],
        warnings: [expect.stringMatching(`^${bad}: left out: damaged ${compression}: `)],
        incomplete: true,
        unread_lines: 0,
      });
      await expect(read(bad, (reader) => rowsOf(reader, count))).rejects.toThrow(bad);
    },
  );

  test("readJournal reads paths that look like patterns or SQL", async () => {
    const directory = join(temporaryDirectory(), "we[i]rd*'dir");
    mkdirSync(directory);
    writeFiles(directory, { "sessions.jsonl": text(exampleRows.slice(0, 2)) });
    expect(await ask(directory, count)).toEqual([[2, 2]]);
  });

  test("readJournal asks again when files are sealed and compressed before they are opened", async () => {
    const directory = temporaryDirectory();
    const active = join(directory, "sessions.jsonl");
    writeFiles(directory, {
      [segment(1, 2)]: text(exampleRows.slice(0, 2)),
      "sessions.jsonl": text(exampleRows.slice(2, 5)),
    });
    let asked = 0;
    const outcome = await read(directory, async (reader) => {
      if (asked++ === 0) {
        renameSync(active, join(directory, segment(3, 5)));
        writeFileSync(active, text(exampleRows.slice(5, 6)));
        writeFiles(directory, { [`${segment(1, 2)}.gz`]: text(exampleRows.slice(0, 2)) });
        rmSync(join(directory, segment(1, 2)));
      }
      return rowsOf(reader, count);
    });
    expect({ ...outcome, asked }).toEqual({
      value: [[6, 6]],
      warnings: [],
      incomplete: false,
      unread_lines: 0,
      asked: 2,
    });
  });

  test("readJournal gives up when files go away each time", async () => {
    const directory = temporaryDirectory();
    let asked = 0;
    writeFiles(directory, { "sessions.jsonl": text(exampleRows.slice(0, 1)) });
    const failing = read(directory, async (reader) => {
      asked++;
      renameSync(join(directory, "sessions.jsonl"), join(directory, segment(asked, asked)));
      writeFiles(directory, { "sessions.jsonl": text(exampleRows.slice(0, 1)) });
      return rowsOf(reader, count);
    });
    await expect(failing).rejects.toThrow("files were sealed or removed before all of them were read: ask again");
    expect(asked).toBe(5);
  });

  test("readJournal asks again when retention has removed a segment before it was read, unless it was told", async () => {
    const removing = (told: boolean) => {
      const directory = exampleJournal();
      let asked = 0;
      const outcome = read(directory, async (reader) => {
        if (told) reader.commit();
        if (asked++ === 0) rmSync(join(directory, `${segment(1, 500)}.gz`));
        return [asked, await rowsOf(reader, count)];
      });
      return outcome;
    };
    expect(await removing(false)).toEqual({
      value: [2, [[1500, 1500]]],
      warnings: [],
      incomplete: false,
      unread_lines: 0,
    });
    await expect(removing(true)).rejects.toThrow("ask again");
  });

  test.each([1, 10, 20, 30, 40, 50, 100])(
    "readJournal stops a statement when the signal says so, after %d ms",
    async (delay_ms) => {
      const sql = "SELECT count(*) FROM range(1000000) a(i), range(1000000) b(j) WHERE hash(i + j) = 3";
      const controller = new AbortController();
      const running = read("examples", (reader) => rowsOf(reader, sql), { signal: controller.signal });
      setTimeout(() => controller.abort(new Error("enough")), delay_ms);
      await expect(running).rejects.toThrow(new StoppedError("enough"));
    },
  );

  test("readJournal bounds memory and puts what does not fit on the disk meanwhile", async () => {
    const sql = "SELECT count(*) FROM (SELECT repeat('x', 100) || i AS text FROM range(1500000) t(i) ORDER BY hash(i))";
    expect(await ask("examples", sql, { memory_bytes: 100_000_000 })).toEqual([[1_500_000]]);
  });
});

describe("the sandbox", () => {
  test.each([
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM read_csv('package.json')",
    "SELECT * FROM 'https://example.com/x.csv'",
    "SELECT * FROM read_json('examples/roster.csv')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM system.main.enable_logging(storage := 'file', storage_path := 'x')",
  ])("the sandbox reads nothing but the log: %s", async (sql) => {
    await expect(ask("examples", sql)).rejects.toThrow(SqlError);
  });

  test.each([
    ["COPY sessions TO 'x.csv'", "Cannot access file"],
    ["COPY (SELECT 1) TO '{log}'", "COPY is not allowed"],
    ["EXPLAIN ANALYZE COPY (SELECT 1) TO '{log}'", "EXPLAIN is not allowed"],
    ["CREATE TABLE t AS SELECT 1", "CREATE is not allowed"],
    ["DROP VIEW sessions", "DROP is not allowed"],
    ["/* x */ DROP TABLE x", "only one SELECT is allowed"],
    ["INSERT INTO nowhere VALUES (1)", "only one SELECT is allowed"],
    ["SET lock_configuration = false", "SET is not allowed"],
    ["SET VARIABLE files = ['/etc/passwd']", "is not allowed"],
    ["PRAGMA enable_profiling", "is not allowed"],
    ["INSTALL httpfs", "LOAD is not allowed"],
    ["ATTACH 'x.db'", "ATTACH is not allowed"],
    ["CALL enable_logging()", "enable_logging is not allowed"],
    ["EXPORT DATABASE 'x'", "Cannot access directory"],
    ["SELECT 1; SELECT 2", "2 statements"],
    ["SELECT 1; DROP VIEW sessions", "2 statements"],
    ["-- nothing", "there is no SQL"],
  ])("the sandbox refuses %s", async (sql, message) => {
    const directory = temporaryDirectory();
    writeFiles(directory, { "sessions.jsonl": text(exampleRows.slice(0, 2)) });
    const log = join(directory, "sessions.jsonl");
    const before = readFileSync(log, "utf8");
    const refused = ask(directory, sql.replace("{log}", log));
    await expect(refused).rejects.toThrow(SqlError);
    await expect(refused).rejects.toThrow(message);
    expect(readFileSync(log, "utf8")).toBe(before);
    expect(existsSync("x.csv") || existsSync("x.db") || existsSync("x")).toBe(false);
  });

  test.each([
    "FROM sessions LIMIT 1",
    "DESCRIBE sessions",
    "SUMMARIZE sessions",
    "VALUES (1)",
    "explain analyze select 1",
    "SHOW TABLES",
  ])("the sandbox runs %s", async (sql) => {
    expect((await ask("examples", sql)).length).toBeGreaterThan(0);
  });

  test("the sandbox shows the place of an error", async () => {
    await expect(ask("examples", "SELECT model,\n  modle2 FROM sessions")).rejects.toThrow(
      /LINE 2: {3}modle2 FROM sessions\n\s+\^/,
    );
  });
});

describe("copyToParquet", () => {
  test.each([
    "SELECT session_id, attempts FROM sessions",
    "FROM sessions; -- a comment; of two parts",
    "FROM sessions -- a comment",
  ])("copyToParquet writes the rows of %j", async (sql) => {
    const output = join(temporaryDirectory(), "out.parquet");
    const { value } = await read("examples", (reader) => reader.copyToParquet(sql), { output });
    expect(value).toBe(2000);
    const tables = [{ name: "t", column: "id", file_column: "session_id", path: output }];
    expect(await ask("examples", "SELECT count(*) FROM t SEMI JOIN sessions ON id = session_id", { tables })).toEqual([
      [2000],
    ]);
  });

  test.each(["SELECT 1) TO 'x.csv'; --", "COPY (SELECT 1) TO 'x.csv'", "SELECT 1; SELECT 2"])(
    "copyToParquet refuses %j",
    async (sql) => {
      const output = join(temporaryDirectory(), "out.parquet");
      await expect(read("examples", (reader) => reader.copyToParquet(sql), { output })).rejects.toThrow(SqlError);
      expect(existsSync(output)).toBe(false);
    },
  );
});

test("EVERY_SESSION lets all pass", async () => {
  expect(await ask("examples", count, { filter: EVERY_SESSION })).toEqual([[2000, 2000]]);
});
