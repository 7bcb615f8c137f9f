// Java: stubs that grpc-java's plugin generates within Maven, over grpc-java, and examples/java.
import { findTool } from "../harness/tools.mjs";
import { sendsBatches } from "./batching.mjs";
import { runPrograms } from "./clients-page.mjs";
import { run, sendsGoldenCases } from "./stubs.mjs";

const mvn = findTool("mvn");
const javac = findTool("javac");
const quiet = ["-q", "-B"];
const example = new URL("../examples/java", import.meta.url).pathname;
const cwd = new URL("java", import.meta.url).pathname;

/** @type {import("./run.mjs").Suite} */
export const java = {
  name: "java",
  long: true,
  missing() {
    if (javac === undefined) return "a JDK is not here";
    return mvn === undefined ? "Maven is not here" : undefined;
  },
  async *run(server) {
    const { address, path } = server;
    const { code, output } = await run(mvn, [...quiet, "compile"], { cwd });
    yield { name: "mvn compile", problem: code === 0 ? undefined : output };
    const golden = [...quiet, "exec:java", `-Dexec.args=${address}`];
    if (code === 0) yield* sendsGoldenCases(mvn, golden, { cwd }, path);
    const built = await run(mvn, [...quiet, "compile"], { cwd: example });
    yield { name: "mvn compile of the example", problem: built.code === 0 ? undefined : built.output };
    const line = (words) => [mvn, ...quiet, "exec:java", `-Dexec.args=${words.join(" ")}`];
    if (built.code === 0) yield* sendsBatches(line, example, server);
    yield* runPrograms("java", server);
  },
};
