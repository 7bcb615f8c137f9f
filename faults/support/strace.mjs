import { readFile } from "node:fs/promises";
import { Skip } from "../../harness/outcome.mjs";
import { findTool } from "../../harness/tools.mjs";

/**
 * How to start the service under strace: strace stays in the background, so that signals and the exit code are node's own.
 * One thread does all of node's file operations, so that "the third call" is the third of the process.
 * @param {string} output  the file for strace's lines
 * @param {string[]} options
 * @returns {{ prefix: string[], env: Record<string, string> }}
 */
export function underStrace(output, options) {
  const strace = findTool("strace");
  if (strace === undefined) throw new Skip("strace is not installed");
  const common = ["-D", "-f", "--seccomp-bpf", "-qq", "-y", "-ttt"];
  return { prefix: [strace, ...common, "-o", output, ...options], env: { UV_THREADPOOL_SIZE: "1" } };
}

/**
 * @typedef {object} TracedCall
 * @property {number} time_ms  since 1970, when the line was written
 * @property {string} name
 * @property {string} text  the rest of the line
 * @property {boolean} injected
 * @property {boolean} begins  the call's begin is on this line
 * @property {boolean} ends  the call's return is on this line
 */

/** @param {string} output @returns {Promise<TracedCall[]>} */
export async function readTrace(output) {
  const calls = [];
  for (const line of (await readFile(output, "utf8")).split("\n")) {
    const [, time, resumed, begun, rest] = /^\d+ +(\d+\.\d+) (?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)$/.exec(line) ?? [];
    if (time === undefined) continue;
    // With -xx the names of files are in hex as well.
    const text = rest.replace(/<((?:\\x[0-9a-f]{2})+)>/, (_, name) => `<${hexBytes(name)}>`);
    calls.push({
      time_ms: Number(time) * 1000,
      name: resumed ?? begun,
      text,
      injected: text.endsWith("(INJECTED)"),
      begins: resumed === undefined,
      ends: !text.endsWith("<unfinished ...>"),
    });
  }
  return calls;
}

/** The bytes that `\\x41\\x42` of strace -xx stands for. */
export function hexBytes(text) {
  return Buffer.from(text.replaceAll("\\x", ""), "hex");
}
