import type { EventEmitter } from "node:events";
import type { Readable } from "node:stream";
import type { Command } from "commander";

/** A stream to write text to; on a terminal isTTY is set. */
export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** All that a command knows of its process. */
export interface CliContext {
  /** The process's own: what is removed here is not there for it. */
  readonly env: Record<string, string | undefined>;
  readonly cwd: string;
  readonly stdin: Readable;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Emits the signals that the process receives. */
  readonly signals: EventEmitter;
  /** A clock that never jumps; its zero means nothing. */
  monotonic_ms(): number;
  /** Milliseconds since 1970. */
  now_ms(): number;
  sleep(ms: number): Promise<void>;
  /** A new session id: 32 random hex digits. */
  newSessionId(): string;
  /** The process that runs this one, for commands that run DuckDB. */
  readonly supervisor?: Supervisor;
}

/** Ends this process when it does not by itself. */
export interface Supervisor {
  /** Kills this process some time after `timeout_ms` from now, if that is given, or when it takes much more memory than DuckDB may. */
  limit(limits: { readonly timeout_ms?: number; readonly memory_bytes: number }): void;
  /** A file or folder to be removed if this process is killed. Absolute. */
  temporary(path: string): void;
}

/** A command: what commander parses, and what is done once it has parsed. */
export interface CliCommand {
  readonly command: Command;
  /** Printed after the options. The lines of a paragraph are joined, then wrapped; indented lines are kept. */
  readonly help: string | (() => string);
  /** Resolves with the exit code; rejects with WorkError, UsageError or ConfigError. */
  run(context: CliContext): Promise<number>;
}

/** Exit 1: the work failed. The message is one line; `details` are further lines, such as the place in an SQL text. */
export class WorkError extends Error {
  constructor(
    message: string,
    readonly details: string = "",
  ) {
    super(message);
  }
}

/** Exit 2: the command line cannot be used. The message is one line. */
export class UsageError extends Error {}

/** Writes text and waits while the reader is slow, so that memory stays bounded; no longer once `signal` is aborted. */
export function write(output: Output, text: string, signal?: AbortSignal): Promise<void> {
  if (text === "" || output.write(text) || signal?.aborted === true) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      output.off("drain", done).off("close", done).off("error", done);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    output.once("drain", done).once("close", done).once("error", done);
    signal?.addEventListener("abort", done);
  });
}
