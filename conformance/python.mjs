// clients/python, installed into a virtual environment of its own: the golden cases through stubs that Google's own
// generator made, the client's own tests, many of them against the real service, and the checks of its code and its wheel.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { createInterface } from "node:readline";
import { startService } from "../harness/server.mjs";
import { findTool } from "../harness/tools.mjs";
import { excerpt, goldenCases, violationsText } from "./golden.mjs";
import { makeEnvironment } from "./python/environment.mjs";
import { checksPython } from "./python-checks.mjs";

const root = new URL("..", import.meta.url).pathname;
const client = `${root}clients/python`;
const environment = `${root}.tools/python`;
const interpreter = `${environment}/bin/python`;
/** What is tested with the oldest versions that pyproject.toml allows, too. */
const OLDEST = ["test_forks.py", "test_exit_hooks.py", "test_sending.py", "frameworks/test_gunicorn.py"];

/** @type {import("./run.mjs").Suite} */
export const python = {
  name: "python",
  missing: () => (findTool("python3") === undefined ? "python3 is not here" : undefined),
  async *run({ address, path }) {
    await install(environment, ["requirements-dev.txt", "requirements-frameworks.txt"]);
    yield* runGolden("record", address, path);
    // Of a service of its own, as the first one would know the rows again.
    const server = await startService(`${dirname(path)}/batch.jsonl`);
    try {
      yield* runGolden("batch", server.address, server.path);
    } finally {
      await server.stop();
    }
    yield* runTests(interpreter, ["."]);
    const oldest = await install(`${environment}-oldest`, ["requirements-oldest.txt"]);
    for await (const { name, problem } of runTests(oldest, OLDEST)) yield { name: `oldest: ${name}`, problem };
    yield* checksPython(environment, { address, path });
  },
};

/** A virtual environment with the client as it is now; its interpreter. */
function install(directory, requirements) {
  const state = digestOf([
    ...requirements,
    "pyproject.toml",
    ...readdirSync(`${client}/src`, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(relative(client, entry.parentPath), entry.name)),
  ]);
  const packages = requirements.flatMap((file) => ["--requirement", `${client}/${file}`]);
  return makeEnvironment(directory, state, [...packages, client]);
}

function digestOf(files) {
  const hash = createHash("sha256");
  for (const file of files.filter((name) => !name.includes("__pycache__")).sort()) {
    hash.update(`${file}\n`).update(readFileSync(`${client}/${file}`));
  }
  return hash.digest("hex");
}

/** All golden cases, as single records or as batches of one. */
async function* runGolden(message, address, path) {
  const cases = goldenCases();
  const program = start(["golden.py", message, address, path]);
  for (const { name, send } of cases) program.stdin.write(`${JSON.stringify({ name, send })}\n`);
  program.stdin.end();
  let answered = 0;
  for await (const answer of program.answers) {
    const golden = cases[answered++];
    yield { name: `${message}: ${golden.name}`, problem: compare(golden, answer) };
  }
  const code = await program.ended;
  const all = code === 0 && answered === cases.length;
  yield { name: `${message}: all are answered`, problem: all ? undefined : `exit ${code} after ${answered}` };
}

function compare({ row, violations }, answer) {
  if (answer.trouble !== undefined) return answer.trouble;
  if (row !== undefined) {
    if (answer.violations.length > 0) return `refused:\n${violationsText(answer.violations)}`;
    return answer.written === `${row}\n` ? undefined : `wrote ${excerpt(answer.written)}\nexpected ${excerpt(row)}`;
  }
  if (answer.written !== "") return `written: ${excerpt(answer.written)}`;
  const [got, expected] = [violationsText(answer.violations), violationsText(violations)];
  return got === expected ? undefined : `got\n${got}\nexpected\n${expected}`;
}

/** Every test of the client by its name; what a daemon meets in the life of a service is among them. */
async function* runTests(python, files) {
  const paths = files.map((file) => `${client}/tests/${file}`);
  const program = start(["run_tests.py", ...paths], python);
  program.stdin.end();
  let ran = 0;
  for await (const { name, outcome, said } of program.answers) {
    ran += 1;
    if (outcome === "skipped" && process.env.CI !== "true") console.log(`skipped python: ${name}: ${said}`);
    else yield { name, problem: outcome === "passed" ? undefined : `${outcome}: ${said}` };
  }
  const code = await program.ended;
  yield { name: "the tests run", problem: code === 0 && ran > 0 ? undefined : `exit ${code} after ${ran} tests` };
}

/** A program of conformance/python. It reads and answers JSON, one a line. */
function start([script, ...args], python = interpreter) {
  const env = { ...process.env, TESTED_SESSIONLOG: `${root}dist/main.js` };
  const file = `${root}conformance/python/${script}`;
  const child = spawn(python, [file, ...args], { stdio: ["pipe", "pipe", "inherit"], env });
  // It may end before it has read all; its exit code tells.
  child.stdin.on("error", () => {});
  const ended = once(child, "exit").then(([code]) => code);
  return { stdin: child.stdin, ended, answers: readAnswers(child.stdout) };
}

async function* readAnswers(stream) {
  for await (const line of createInterface({ input: stream })) yield JSON.parse(line);
}
