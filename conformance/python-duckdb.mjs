// The queries by another version of DuckDB, Python's: each in queries/ and each that docs/SESSION_LOG.md shows, compared with what
// the engine of the command line answers, or with what the page says.
import { execFile, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { DuckDBInstance } from "@duckdb/node-api";
import { findTool } from "../harness/tools.mjs";

const root = new URL("..", import.meta.url).pathname;
const environment = `${root}.tools/python-duckdb`;
const interpreter = `${environment}/bin/python`;
const packages = ["duckdb==2.0.0"];
const promisedExecFile = promisify(execFile);

/** @type {import("./run.mjs").Suite} */
export const pythonDuckdb = {
  name: "python-duckdb",
  missing: () => (findTool("python3") === undefined ? "python3 is not here" : undefined),
  async *run({ path }) {
    await install();
    yield* compareQueries();
    yield* runPage(join(dirname(path), "page"));
  },
};

/** Makes the virtual environment, unless it is there with these packages. */
async function install() {
  const stamp = `${environment}/installed`;
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === packages.join()) return;
  await mkdir(`${root}.tools`, { recursive: true });
  await promisedExecFile(findTool("python3"), ["-m", "venv", "--clear", environment]);
  await promisedExecFile(interpreter, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...packages]);
  await writeFile(stamp, packages.join());
}

const read = (path) => readFileSync(`${root}${path}`, "utf8");
const examples = `${root}examples`;
const setup = [
  "SET TimeZone = 'UTC'",
  `SET VARIABLE files = ['${examples}/sessions.jsonl']`,
  "SET VARIABLE session_id = '2'",
  ...read("queries/views.sql")
    .split(/;\n/)
    .filter((statement) => statement.trim() !== ""),
  `CREATE VIEW roster AS FROM read_csv('${examples}/roster.csv', all_varchar = true)`,
  `CREATE VIEW replay_runs AS SELECT json->>'session_id' AS session_id, json AS record FROM read_json_objects('${examples}/sessions.jsonl')`,
];

/** The queries by their names, as statements that answer rows as JSON. */
function statements() {
  const files = readdirSync(`${root}queries`).filter((file) => file !== "views.sql");
  const named = files.map((file) => [file, read(`queries/${file}`)]);
  const shown = [...read("docs/SESSION_LOG.md").matchAll(/^npx --no sessionlog query .*--sql "([^"]+)"[^#\n]*$/gm)];
  const own = shown.map(([, sql]) => [`docs/SESSION_LOG.md: ${sql.trim().split("\n")[0]}`, sql]);
  return [...named, ...own].map(([name, sql]) => {
    const select = sql.trimEnd().replace(/;$/, "");
    return { name, sql: `SELECT CAST(to_json(t) AS VARCHAR) FROM (\n${select}\n) AS t` };
  });
}

async function* compareQueries() {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  for (const statement of setup) await connection.run(statement);
  const child = spawn(interpreter, [`${root}conformance/python/queries.py`], { stdio: ["pipe", "pipe", "inherit"] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  for (const { name, sql } of statements()) {
    child.stdin.write(`${JSON.stringify({ setup, sql })}\n`);
    const { value: line } = await answers.next();
    if (line === undefined) throw new Error(`Python ended at ${name}`);
    const { rows, trouble } = JSON.parse(line);
    const expected = (await connection.runAndReadAll(sql)).getRows().map(([row]) => row);
    yield { name, problem: trouble ?? difference(rows, expected) };
  }
  child.stdin.end();
  connection.closeSync();
  instance.closeSync();
}

function difference(rows, expected) {
  if (rows.length !== expected.length) return `${rows.length} rows, expected ${expected.length}`;
  const at = rows.findIndex((row, index) => row !== expected[index]);
  return at < 0 ? undefined : `row ${at + 1} is ${rows[at]}\nexpected ${expected[at]}`;
}

/** Runs the page's commands for duckdb and Python, in a directory that looks like a clone. */
async function* runPage(directory) {
  const bin = join(directory, "bin");
  await mkdir(bin, { recursive: true });
  for (const name of ["queries", "examples"]) await symlink(`${root}${name}`, join(directory, name));
  const command = `#!/bin/sh\nexec "${interpreter}" "${root}conformance/python/duckdb_command.py" "$@"\n`;
  await writeFile(join(bin, "duckdb"), command);
  await chmod(join(bin, "duckdb"), 0o755);
  const PATH = `${bin}:${environment}/bin:${process.env.PATH}`;
  const blocks = read("docs/SESSION_LOG.md").matchAll(/^```(?:sh|console)\n([^`]+)\n```\n[^`]*```text\n([^`]*)```$/gm);
  for (const [, commands, shown] of blocks) {
    // The others are the command line's.
    if (!/^(duckdb|python3) /.test(commands)) continue;
    const { stdout } = await promisedExecFile("bash", ["-c", commands], {
      cwd: directory,
      env: { ...process.env, PATH },
    });
    yield {
      name: `docs/SESSION_LOG.md: ${commands.split("\n").slice(0, 2).join(" ")}`,
      problem: stdout.trim() === shown.trim() ? undefined : `got\n${stdout}\nexpected\n${shown}`,
    };
  }
}
