import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { findTool } from "../../harness/tools.mjs";
import { run } from "../stubs.mjs";

/**
 * Makes a virtual environment, unless it is there in the same state.
 * @param {string} directory
 * @param {string} state  what its content follows from
 * @param {readonly string[]} packages  what pip is to install
 * @returns {Promise<string>} its interpreter
 */
export async function makeEnvironment(directory, state, packages) {
  const interpreter = `${directory}/bin/python`;
  const stamp = `${directory}/installed`;
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === state) return interpreter;
  await mkdir(directory, { recursive: true });
  await expectDone(findTool("python3"), ["-m", "venv", "--clear", directory], directory);
  await pip(interpreter, ["install", ...packages], directory);
  await writeFile(stamp, state);
  return interpreter;
}

/**
 * @param {string} interpreter
 * @param {readonly string[]} words
 * @param {string} cwd
 */
export function pip(interpreter, [command, ...words], cwd) {
  const quiet = ["--quiet", "--disable-pip-version-check"];
  return expectDone(interpreter, ["-m", "pip", command, ...quiet, ...words], cwd);
}

/** @returns {Promise<string>} what it printed; rejects with all of that when it fails */
export async function expectDone(program, words, cwd) {
  const { code, output, errors } = await run(program, words, { cwd });
  if (code !== 0) throw new Error(`${program} ${words.join(" ")}: exit ${code}\n${output}${errors}`);
  return output;
}
