import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { describeFileError } from "../../config/errors.js";
import { WorkError } from "../context.js";

/** Takes text, and resolves when it may have more. */
export type TextSink = (text: string) => Promise<void>;

/** Text that is kept back until it is sure, or is too much to be kept. */
export interface HeldOutput {
  write(text: string): Promise<void>;
  /** Writes what is held. */
  flush(): Promise<void>;
}

/** Keeps up to `limit` characters, then calls `onOverflow` once and writes from there on. */
export function createHeldOutput(sink: TextSink, limit: number, onOverflow: () => void): HeldOutput {
  let held: string[] | undefined = [];
  let length = 0;
  async function flush(): Promise<void> {
    const texts = held ?? [];
    held = undefined;
    for (const text of texts) await sink(text);
  }
  return {
    flush,
    async write(text) {
      if (held === undefined) return sink(text);
      held.push(text);
      length += text.length;
      if (length <= limit) return;
      onOverflow();
      await flush();
    },
  };
}

/** A file that comes to be when all of it is there. Everything throws WorkError when the disk does not do it. */
export interface OutputFile {
  readonly write: TextSink;
  /** Closes it and gives it its name. */
  finish(): void;
  /** Removes what was written. */
  discard(): void;
}

/** Where a file is written before it gets its name; devices and pipes are written as they are. */
export function temporaryPath(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined || stats.isFile() ? `${path}.${process.pid}.tmp` : path;
}

/** Opens a file for text. Throws WorkError. */
export function createOutputFile(path: string): OutputFile {
  const temporary = temporaryPath(path);
  const fd = attempt(path, () => openSync(temporary, "w"));
  return {
    async write(text) {
      const bytes = Buffer.from(text);
      for (let done = 0; done < bytes.length; ) done += attempt(path, () => writeSync(fd, bytes, done));
    },
    finish() {
      attempt(path, () => closeSync(fd));
      renameFile(temporary, path);
    },
    discard() {
      closeSync(fd);
      removeTemporary(temporary, path);
    },
  };
}

/** Gives a finished file its name. Throws WorkError. */
export function renameFile(temporary: string, path: string): void {
  if (temporary !== path) attempt(path, () => renameSync(temporary, path));
}

/** Removes a file that did not get its name. */
export function removeTemporary(temporary: string, path: string): void {
  if (temporary !== path) rmSync(temporary, { force: true });
}

function attempt<T>(path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new WorkError(`${path}: cannot write: ${describeFileError(error)}`);
  }
}
