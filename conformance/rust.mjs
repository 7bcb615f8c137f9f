// Rust: stubs that tonic generates, over tonic, and examples/rust.
import { findTool } from "../harness/tools.mjs";
import { sendsBatches } from "./batching.mjs";
import { runPrograms } from "./clients-page.mjs";
import { run, sendsGoldenCases } from "./stubs.mjs";

const cargo = findTool("cargo");
const cwd = new URL("rust", import.meta.url).pathname;
const example = new URL("../examples/rust", import.meta.url).pathname;
const target = new URL("../.tools/rust", import.meta.url).pathname;
const env = { CARGO_TARGET_DIR: target };

/** @type {import("./run.mjs").Suite} */
export const rust = {
  name: "rust",
  long: true,
  missing: () => (cargo === undefined ? "cargo is not here" : undefined),
  async *run(server) {
    const { address, path } = server;
    const { code, errors } = await run(cargo, ["build", "--release", "--locked"], { cwd, env });
    yield { name: "cargo build", problem: code === 0 ? undefined : errors };
    if (code === 0) yield* sendsGoldenCases(`${target}/release/sessionlog-conformance`, [address], { cwd }, path);
    const built = await run(cargo, ["build", "--release", "--locked"], { cwd: example, env });
    yield { name: "cargo build of the example", problem: built.code === 0 ? undefined : built.errors };
    if (built.code === 0) {
      yield* sendsBatches((words) => [`${target}/release/sessionlog-example`, ...words], example, server);
    }
    yield* runPrograms("rust", server, env);
  },
};
