#!/usr/bin/env node
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { runProgram } from "./cli/program.js";
import { flushed, watchStandardStreams } from "./cli/standard_streams.js";

watchStandardStreams(process.stdout, process.stderr, process.exit);
const code = await runProgram(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signals: process,
  monotonic_ms: () => performance.now(),
  now_ms: () => Date.now(),
  sleep: (ms) => sleep(ms),
  newSessionId: () => randomBytes(16).toString("hex"),
});
await flushed(process.stdout);
await flushed(process.stderr);
// Not by waiting for an empty event loop: a connection that is slow to close must not keep the process.
process.exit(code);
