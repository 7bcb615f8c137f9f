import { EventEmitter } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { onTestFinished } from "vitest";
import type { CliContext } from "../../src/cli/context.js";
import { runProgram } from "../../src/cli/program.js";

/** A stream that keeps what is written. */
export function createSink(options: { readonly isTTY?: boolean; readonly columns?: number } = {}) {
  const parts: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      parts.push(String(chunk));
      done();
    },
  });
  return { stream: Object.assign(stream, options), text: () => parts.join("") };
}

/** A clock that only sleeping moves. */
export function createFakeTime() {
  let now = 0;
  const pauses: number[] = [];
  return {
    pauses,
    monotonic_ms: () => now,
    advance(ms: number) {
      now += ms;
    },
    async sleep(ms: number) {
      pauses.push(ms);
      now += ms;
    },
  };
}

/** Runs the command line in this process, sleeping in no time. */
export async function runCli(
  args: readonly string[],
  options: {
    env?: Record<string, string>;
    cwd?: string;
    stdin?: string | Readable;
    isTTY?: boolean;
    signals?: EventEmitter;
    monotonic_ms?: () => number;
    now_ms?: () => number;
    /** Sleeps as long as it is told, by the real clock. */
    real_time?: boolean;
    /** What standard output is written to. */
    stdout?: ReturnType<typeof createSink>;
    stderr?: ReturnType<typeof createSink>;
  } = {},
) {
  const stdout = options.stdout ?? createSink();
  const stderr = options.stderr ?? createSink(options.isTTY === undefined ? {} : { isTTY: options.isTTY });
  const real = { monotonic_ms: () => performance.now(), sleep: (ms: number) => pause(ms) };
  const time = options.real_time === true ? real : createFakeTime();
  const context: CliContext = {
    env: options.env ?? {},
    cwd: options.cwd ?? temporaryDirectory(),
    stdin: options.stdin instanceof Readable ? options.stdin : Readable.from([Buffer.from(options.stdin ?? "")]),
    stdout: stdout.stream,
    stderr: stderr.stream,
    signals: options.signals ?? new EventEmitter(),
    monotonic_ms: options.monotonic_ms ?? time.monotonic_ms,
    now_ms: options.now_ms ?? (() => Date.UTC(2026, 4, 2, 5, 22, 9, 123)),
    sleep: time.sleep,
    newSessionId: () => "0123456789abcdef0123456789abcdef",
  };
  const code = await runProgram(args, context);
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

/** A directory that is gone after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "sessionlog-cli-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A row as the service writes it, without newline, with other values where given. */
export function rowText(values: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    schema: "session.iterate.v1",
    session_id: "s-1",
    timestamp: "2026-05-02T05:22:09.123Z",
    daemon: "validatord",
    kind: "fill",
    model: "qwen3:8b",
    provider: "ollama",
    prompt: "Fill 2 welder slots.",
    iterations: 1,
    max_iterations: 3,
    final_verdict: "infra_error",
    attempts: [],
    duration_ms: 1840,
    ...values,
  });
}
