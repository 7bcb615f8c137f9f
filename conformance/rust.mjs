// Rust: stubs that tonic generates, over tonic.
import { findTool } from "../harness/tools.mjs";
import { runPrograms } from "./clients-page.mjs";
import { run, sendsGoldenCases } from "./stubs.mjs";

const cargo = findTool("cargo");
const cwd = new URL("rust", import.meta.url).pathname;
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
    yield* runPrograms("rust", server, env);
  },
};
