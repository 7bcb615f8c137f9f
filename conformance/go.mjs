// Go: our client and the generated stubs alone, over grpc-go; a project that has nothing but the client; and the client's
// own tests, whose behaviours (down at start, killed, slow, full disk …) need a service that they start and end.
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { inTemporaryDirectory } from "../harness/temporary.mjs";
import { findTool } from "../harness/tools.mjs";
import { goldenCases } from "./golden.mjs";
import { problemOf, run as runProgram } from "./stubs.mjs";

const go = findTool("go");
const folder = (name) => new URL(`../${name}`, import.meta.url).pathname;

/** @type {import("./run.mjs").Suite} */
export const goClient = {
  name: "go",
  missing: () => (go === undefined ? "Go is not here" : undefined),
  async *run({ address, path }) {
    yield* sendsGoldenCases("client", goldenCases().map(asTheClientSends), address, path);
    yield* sendsGoldenCases("stubs", goldenCases(), address, path);
    yield await sendsInTheBackground(address, path);
    yield await worksInAnEmptyProject(address, path);
    for (const module of ["clients/go", "conformance/go", "examples/validatord"]) yield await vets(module);
    for (const module of ["clients/go", "examples/validatord"]) yield* passesItsTests(module, ["-race"]);
    yield await hasTheStubsOfTheProto();
  },
};

/** The client puts its own daemon where a record has none: the service has that much less to refuse. */
function asTheClientSends(golden) {
  if (golden.violations === undefined) return golden;
  const violations = golden.violations.filter(({ field, reason }) => `${field} ${reason}` !== "record.daemon REQUIRED");
  return violations.length > 0 ? { ...golden, violations } : { ...golden, violations: undefined };
}

async function* sendsGoldenCases(by, goldens, address, path) {
  const { code, output, errors } = await send(by, goldens, address);
  const answers = new Map(readLines(output).map((answer) => [answer.name, answer]));
  const rows = readFileSync(path, "utf8").split("\n");
  for (const golden of goldens) {
    const answer = answers.get(golden.name) ?? { error: `no answer; exit ${code}: ${errors}` };
    yield { name: `${by}: ${golden.name}`, problem: problemOf(golden, answer, rows) };
  }
}

/** Rows that are there already are known by their bytes: each is a duplicate only when the client sends it as before. */
async function sendsInTheBackground(address, path) {
  const goldens = goldenCases();
  const accepted = goldens.filter((golden) => golden.row !== undefined).length;
  // What lacks nothing but a daemon.
  const stamped = goldens.map(asTheClientSends).filter(({ row, violations }) => !row && !violations).length;
  const rowsBefore = rowCount(path);
  const { output, errors } = await send("buffer", goldens, address);
  const [stats] = readLines(output);
  const problem =
    stats?.Duplicate === accepted + stamped &&
    stats.Refused === goldens.length - accepted - stamped &&
    rowCount(path) === rowsBefore
      ? undefined
      : `${output}${errors}\n${rowCount(path) - rowsBefore} new rows`;
  return { name: "buffer: golden rows again are all duplicates", problem };
}

const emptyProject = `package main

import (
	"context"
	"fmt"
	"os"

	sessionlog "github.com/sessionlog/sessionlog/clients/go"
)

func main() {
	logger := sessionlog.NewSessionLogger(os.Args[1], sessionlog.Options{Daemon: "newcomer"})
	logger.Append(sessionlog.BuildSessionRecord(sessionlog.Request{Kind: "fill"}, nil, nil, nil, nil, 1))
	fmt.Print(logger.Close(context.Background()))
}
`;

/** The client's module, installed where there is nothing else. */
function worksInAnEmptyProject(address, path) {
  const module = "github.com/sessionlog/sessionlog/clients/go";
  return inTemporaryDirectory(async (directory) => {
    await writeFile(`${directory}/main.go`, emptyProject);
    const steps = [
      ["mod", "init", "example.test/newcomer"],
      ["mod", "edit", `-replace=${module}=${folder("clients/go")}`],
      ["mod", "tidy"],
      ["list", "-m", module],
      ["run", ".", address],
    ];
    let last = { code: 0, output: "", errors: "" };
    for (const step of steps) if (last.code === 0) last = await run(step, directory);
    const stored = readFileSync(path, "utf8").includes('"daemon":"newcomer"');
    const problem = last.output === "<nil>" && stored ? undefined : `${last.output}${last.errors}`;
    return { name: "the client works in an empty project", problem };
  });
}

async function vets(module) {
  const { code, output, errors } = await run(["vet", "./..."], folder(module));
  return { name: `${module}: go vet`, problem: code === 0 ? undefined : `${output}${errors}` };
}

async function hasTheStubsOfTheProto() {
  const { code, output, errors } = await runProgram(folder("clients/go/generate.sh"), ["--check"], {
    cwd: folder("clients/go"),
  });
  return { name: "the committed stubs are those of the proto", problem: code === 0 ? undefined : `${output}${errors}` };
}

/** Every test of a module by its name. */
async function* passesItsTests(module, flags) {
  const { code, output, errors } = await run(["test", ...flags, "-count=1", "-json", "./..."], folder(module));
  const events = readLines(output);
  const ended = events.filter(({ Test, Action }) => Test && ["pass", "fail", "skip"].includes(Action));
  for (const { Test, Action, Package } of ended) {
    const name = `${module}: ${Test}`;
    const said = events.filter((event) => event.Test === Test && event.Package === Package);
    const output = said.map(({ Output = "" }) => Output).join("");
    if (Action === "skip" && process.env.CI !== "true") console.log(`skipped go: ${name}: ${output.trim()}`);
    else yield { name, problem: Action === "pass" ? undefined : output };
  }
  const broken = code !== 0 && !ended.some(({ Action }) => Action === "fail");
  yield {
    name: `${module}: go test ${flags.join(" ")}`,
    problem: broken ? `exit ${code}\n${output}${errors}` : undefined,
  };
}

function send(by, goldens, address) {
  const input = goldens.map(({ name, send }) => `${JSON.stringify({ name, send })}\n`).join("");
  return run(["run", ".", "-by", by, "-address", address], folder("conformance/go"), input);
}

function run(words, cwd, input) {
  return runProgram(go, words, { cwd, input });
}

function readLines(output) {
  return output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
}

function rowCount(path) {
  return readFileSync(path, "utf8").split("\n").length - 1;
}
