// clients/python as those who work on it and those who install it see it: linted, typed, its stubs those of the proto, and
// its wheel of use where there is nothing else.
import { readFileSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { inTemporaryDirectory } from "../harness/temporary.mjs";
import { expectDone, makeEnvironment, pip } from "./python/environment.mjs";
import { run } from "./stubs.mjs";

const root = new URL("..", import.meta.url).pathname;
const client = `${root}clients/python`;
const programs = `${root}conformance/python`;

/**
 * @param {string} environment  with what requirements-dev.txt names
 * @param {import("../harness/server.mjs").Server} server
 * @returns {AsyncIterable<import("./run.mjs").Outcome>}
 */
export async function* checksPython(environment, server) {
  const tool = (name) => `${environment}/bin/${name}`;
  const ruff = ["--no-cache", "--config", "pyproject.toml", ".", programs];
  yield await passes("ruff check", tool("ruff"), ["check", ...ruff]);
  yield await passes("ruff format", tool("ruff"), ["format", "--check", ...ruff]);
  yield await passes("mypy", tool("mypy"), ["--cache-dir", `${environment}/mypy`]);
  yield await hasTheStubsOfTheProto();
  yield* await inTemporaryDirectory((directory) => usesTheWheel(directory, tool, server));
}

async function passes(name, program, words) {
  const { code, output, errors } = await run(program, words, { cwd: client });
  return { name, problem: code === 0 ? undefined : `exit ${code}\n${output}${errors}` };
}

/** In an environment of its own: what the generators need is older than what the client is tested with. */
async function hasTheStubsOfTheProto() {
  const requirements = `${client}/requirements-generate.txt`;
  const packages = ["--requirement", requirements];
  const state = readFileSync(requirements, "utf8");
  const interpreter = await makeEnvironment(`${root}.tools/python-generate`, state, packages);
  return passes("the committed stubs are those of the proto", interpreter, ["scripts/generate.py", "--check"]);
}

const PROGRAM = `import sys

from sessionlog_client import SessionLogger, SessionRecord

with SessionLogger(sys.argv[1], "newcomer") as log:
    log.append(SessionRecord("email", "infra_error"))
`;

/** Built, and installed where there is nothing else. */
async function usesTheWheel(directory, tool, { address, path }) {
  const problemOf = (work) => work().then(() => undefined, String);
  const interpreter = `${directory}/environment/bin/python`;
  await writeFile(`${directory}/typed.py`, PROGRAM);
  await writeFile(`${directory}/mistyped.py`, PROGRAM.replace('"infra_error"', "404"));
  const typed = ["--strict", "--python-executable", interpreter, "--cache-dir", "mypy"];

  const works = await problemOf(async () => {
    await pip(tool("python"), ["wheel", "--no-deps", "--wheel-dir", "wheel", client], directory);
    const wheels = (await readdir(`${directory}/wheel`)).map((name) => `${directory}/wheel/${name}`);
    await makeEnvironment(`${directory}/environment`, "", wheels);
    // -I: nothing but what is installed there.
    await expectDone(interpreter, ["-I", "typed.py", address], directory);
    if (!readFileSync(path, "utf8").includes('"daemon":"newcomer"')) throw new Error("no row arrived");
  });
  const types = await problemOf(async () => {
    await expectDone(tool("mypy"), [...typed, "typed.py"], directory);
    const { output } = await run(tool("mypy"), [...typed, "mistyped.py"], { cwd: directory });
    if (!/^mistyped\.py:6: error: .*\[arg-type\]$/m.test(output)) throw new Error(`wrong types pass: ${output}`);
  });
  return [
    { name: "the wheel works in an empty environment", problem: works },
    { name: "the wheel brings types that mypy --strict takes", problem: types },
  ];
}
