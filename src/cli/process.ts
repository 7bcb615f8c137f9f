import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { CliContext } from "./context.js";
import { runProgram } from "./program.js";
import { flushed, watchStandardStreams } from "./standard_streams.js";

/** Runs the command line with what is this process's, and ends the process. */
export async function runProcess(
  args: readonly string[],
  parts: Pick<CliContext, "stderr" | "signals" | "supervisor">,
): Promise<void> {
  watchStandardStreams(process.stdout, parts.stderr, process.exit);
  const code = await runProgram(args, {
    env: process.env,
    cwd: process.cwd(),
    stdin: process.stdin,
    stdout: process.stdout,
    monotonic_ms: () => performance.now(),
    now_ms: () => Date.now(),
    sleep: (ms) => sleep(ms),
    newSessionId: () => randomBytes(16).toString("hex"),
    ...parts,
  });
  await flushed(process.stdout);
  await flushed(parts.stderr);
  // Not by waiting for an empty event loop: a connection that is slow to close must not keep the process.
  process.exit(code);
}
