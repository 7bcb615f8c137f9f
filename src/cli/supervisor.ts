import { type ChildProcess, fork } from "node:child_process";
import type { EventEmitter } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describeFileError } from "../config/errors.js";
import type { Output, Supervisor } from "./context.js";
import { control, toTerminal } from "./output/terminal_output.js";
import { STOP_SIGNALS, STOPPED_MESSAGE, timeoutMessage } from "./signals.js";

/** Commands that run DuckDB, which not every statement can be stopped in by itself. */
const SUPERVISED: readonly string[] = ["query", "show", "alarm", "audit", "compact", "report", "view", "verify"];

const ENTRY = fileURLToPath(new URL("./supervised.js", import.meta.url));
/** Given to a statement to end by itself, after its time or a signal. */
const GRACE_MS = 2000;
/** For what DuckDB does not count, and Node. */
const MEMORY_BESIDE_BYTES = 256 * 1024 * 1024;
const MEMORY_INTERVAL_MS = 50;
/** Kept of the child's own standard error. */
const NATIVE_CHARACTERS_MAX = 65_536;

/** What another process did. */
const ENDS: Readonly<Record<string, string>> = {
  SIGKILL: "the query's process was killed (SIGKILL), perhaps for lack of memory",
};

/** Where the child has this process's standard error. Its own has only what Node and DuckDB print by themselves. */
export const STDERR_FD = 4;

/** From the child: limits for it, or a path to be removed if it is killed. */
export type ChildMessage =
  | ({ readonly kind: "limits" } & Parameters<Supervisor["limit"]>[0])
  | { readonly kind: "temporary"; readonly path: string };

/** Whether the command line is to be run by `runSupervised`. */
export function isSupervised([command = ""]: readonly string[]): boolean {
  return SUPERVISED.includes(command);
}

interface Process {
  readonly stderr: Output;
  readonly signals: EventEmitter;
}

/**
 * Runs the command line in a child process, which has the standard streams, and resolves with its exit code. The child is
 * killed when it exceeds the limits that it reports by more than GRACE_MS or MEMORY_BESIDE_BYTES (where there is /proc), and when it
 * does not end after a signal. It ends by itself when this process is gone.
 */
export async function runSupervised(args: readonly string[], process: Process): Promise<number> {
  const { signals } = process;
  const stderr = toTerminal(process.stderr);
  const fail = (message: string) => {
    // A line of progress may be there.
    stderr.write(`${process.stderr.isTTY === true ? control("\r\u001b[K") : ""}sessionlog: ${message}\n`);
    return 1;
  };
  const temporary: string[] = [];
  const timers: NodeJS.Timeout[] = [];
  let killed: string | undefined;
  let stopping = false;
  let native = "";
  let child: ChildProcess | undefined;
  const kill = (why: string) => {
    killed ??= why;
    child?.kill("SIGKILL");
  };
  const onSignal = () => {
    if (stopping) return kill(STOPPED_MESSAGE);
    stopping = true;
    if (child?.connected === true) child.send("stop", () => {});
    timers.push(setTimeout(kill, GRACE_MS, STOPPED_MESSAGE));
  };
  function onMessage(message: ChildMessage): void {
    if (message.kind === "temporary") temporary.push(message.path);
    else timers.push(...enforce(message, child?.pid, kill));
  }
  try {
    for (const name of STOP_SIGNALS) signals.on(name, onSignal);
    child = fork(ENTRY, args, { stdio: ["inherit", "inherit", "pipe", "ipc", 2] });
    child.stderr?.on("data", (block) => {
      native = (native + block).slice(0, NATIVE_CHARACTERS_MAX);
    });
    child.on("message", onMessage);
    const { code, signal } = await ended(child);
    if (killed !== undefined) return fail(killed);
    if (signal !== null) return fail(stopping ? STOPPED_MESSAGE : (ENDS[signal] ?? `DuckDB crashed (${signal})`));
    const unread =
      code !== 0 && /^Error(?: \[ERR_MODULE_NOT_FOUND\])?: (E[A-Z]+: .*|Cannot find module .*)$/m.exec(native)?.[1];
    if (unread) return fail(`${unread}; see ulimit -n`);
    stderr.write(native);
    return code ?? 1;
  } catch (error) {
    return fail(`cannot start a process: ${describeFileError(error)}`);
  } finally {
    for (const timer of timers) clearTimeout(timer);
    for (const name of STOP_SIGNALS) signals.off(name, onSignal);
    for (const path of temporary) rmSync(path, { recursive: true, force: true });
  }
}

function ended(child: ChildProcess): Promise<{ readonly code: number | null; readonly signal: string | null }> {
  return new Promise((resolve, reject) => {
    child.on("error", reject).on("close", (code, signal) => resolve({ code, signal }));
  });
}

/** The timers that call `kill` when the process exceeds its limits. */
function enforce(
  { timeout_ms, memory_bytes }: Parameters<Supervisor["limit"]>[0],
  pid: number | undefined,
  kill: (why: string) => void,
): readonly NodeJS.Timeout[] {
  const memory_max = memory_bytes + MEMORY_BESIDE_BYTES;
  const mebibytes = Math.round(memory_max / 1024 / 1024);
  const why = `stopped when it took more than ${mebibytes} MiB (--memory and 256 MiB)`;
  return [
    ...(timeout_ms === undefined ? [] : [setTimeout(kill, timeout_ms + GRACE_MS, timeoutMessage(timeout_ms))]),
    setInterval(() => {
      if (residentBytes(pid) > memory_max) kill(why);
    }, MEMORY_INTERVAL_MS),
  ];
}

/** Memory that the process has; 0 where there is no /proc, or no such process. */
function residentBytes(pid: number | undefined): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
