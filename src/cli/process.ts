import { Console } from "node:console";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { CliContext } from "./context.js";
import { runProgram } from "./program.js";
import { STOPPED_EVENT } from "./signals.js";
import { flushed, watchStandardOutput } from "./standard_streams.js";

/** For readers that are slow, of diagnostics and after a signal; of output without limit. */
const STOPPED_FLUSH_MS = 100;

/** Runs the command line with what is this process's, and ends the process. */
export async function runProcess(
  args: readonly string[],
  parts: Pick<CliContext, "stderr" | "signals" | "supervisor">,
): Promise<void> {
  watchStandardOutput(process.stdout, parts.stderr, process.exit);
  // For grpc-js, whose GRPC_TRACE writes to the console.
  globalThis.console = new Console({ stdout: process.stdout, stderr: parts.stderr });
  // Of Node's to its programmers, such as one for each TLS connection to an IP address: no user can act on it.
  process.noDeprecation = true;
  let stopped = false;
  parts.signals.on(STOPPED_EVENT, () => {
    stopped = true;
  });
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
  await flushed(process.stdout, stopped ? STOPPED_FLUSH_MS : undefined);
  await flushed(process.stderr, STOPPED_FLUSH_MS);
  // Not by waiting for an empty event loop: a connection that is slow to close must not keep the process.
  process.exit(code);
}
