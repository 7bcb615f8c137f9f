import { isDeepStrictEqual } from "node:util";
import { ConfigError } from "../config/errors.js";

/** Looks at files now and then, and takes what is new in them. */
export interface FileReload {
  /** Looks at once. */
  reload(): void;
  stop(): void;
}

export interface FileReloadOptions<T> {
  /** For logs, such as "[tls]". */
  readonly section: string;
  /** Reads and checks all of the section's files; throws ConfigError. */
  readonly read: () => T;
  /** What is in use. */
  readonly first: T;
  /** Takes what has changed. */
  readonly update: (next: T) => void;
  readonly interval_ms: number;
  readonly log: { warn(fields: object, message: string): void };
}

/** Files that are wrong, or replaced only in part, change nothing: what was read before stays, which is told once. */
export function watchFiles<T>(options: FileReloadOptions<T>): FileReload {
  const { section, read, first, update, interval_ms, log } = options;
  let current = first;
  let told = "";

  function reload(): void {
    try {
      const next = read();
      told = "";
      if (isDeepStrictEqual(next, current)) return;
      current = next;
      update(next);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      if (error.message !== told) {
        log.warn({ section, reason: error.message }, "changed files are not used, what was read before stays");
      }
      told = error.message;
    }
  }

  const timer = setInterval(reload, interval_ms).unref();
  return { reload, stop: () => clearInterval(timer) };
}
