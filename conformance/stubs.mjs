// What a program with nothing but generated stubs is to show: every golden record becomes its row, or is refused for its
// violations.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { stripVTControlCharacters } from "node:util";
import { excerpt, goldenCases, violationsText } from "./golden.mjs";

/**
 * @param {string} program  reads a case a line, `{"name", "send"}`, and answers each with a line: `{"name"}` and `sequence`,
 * `violations` or `error`
 * @param {readonly string[]} words
 * @param {RunOptions} options
 * @param {string} path  the session log
 */
export async function* sendsGoldenCases(program, words, options, path) {
  const cases = goldenCases();
  const input = cases.map(({ name, send }) => `${JSON.stringify({ name, send })}\n`).join("");
  const { code, output, errors } = await run(program, words, { ...options, input });
  // Maven resets colours, asked to have none or not.
  const lines = stripVTControlCharacters(output)
    .split("\n")
    .filter((line) => line.startsWith("{"));
  const answers = new Map(lines.map((line) => JSON.parse(line)).map((answer) => [answer.name, answer]));
  const rows = readFileSync(path, "utf8").split("\n");
  for (const golden of cases) {
    const answer = answers.get(golden.name) ?? { error: "no answer" };
    yield { name: golden.name, problem: problemOf(golden, answer, rows) };
  }
  const all = code === 0 && answers.size === cases.length;
  const problem = all ? undefined : `exit ${code} after ${answers.size}\n${output}${errors}`;
  yield { name: "all are answered", problem };
  const expected = cases.filter(({ row }) => row !== undefined).length;
  const written = rows.length - 1;
  yield { name: "nothing else is written", problem: written === expected ? undefined : `${written} of ${expected}` };
}

/** What is wrong with an answer: not the row, or not the violations, that were expected. `rows` are those of the log. */
export function problemOf(golden, { error, sequence, violations = [] }, rows) {
  if (error !== undefined) return error;
  const [got, expected] = [violationsText(violations), violationsText(golden.violations ?? [])];
  if (got !== expected) return `refused for\n${got}\nexpected\n${expected}`;
  if (golden.row === undefined || rows[sequence - 1] === golden.row) return undefined;
  return `wrote ${excerpt(rows[sequence - 1])}\nexpected ${excerpt(golden.row)}`;
}

/**
 * @typedef {object} RunOptions
 * @property {string} cwd
 * @property {Record<string, string>} [env]  further variables
 * @property {string} [input]
 *
 * @param {string} program
 * @param {readonly string[]} words
 * @param {RunOptions} options
 * @returns {Promise<{ code: number, output: string, errors: string }>} what it printed
 */
export async function run(program, words, { cwd, env = {}, input = "" }) {
  const child = spawn(program, words, { cwd, env: { ...process.env, ...env }, stdio: "pipe" });
  child.stdin.on("error", () => {}); // it may end before it has read all
  child.stdin.end(input);
  const ended = new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  const [output, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, output, errors };
}
