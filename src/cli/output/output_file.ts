import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { describeFileError } from "../../config/errors.js";
import { type Supervisor, WorkError } from "../context.js";
import type { TextSink } from "./buffered_output.js";

/**
 * Replaces a file only when `work` succeeds: it gets the path of a temporary file, which is then renamed, or removed
 * after a failure. Devices and pipes are written directly.
 *
 * @param supervisor removes the temporary file when this process is killed
 * @throws WorkError when the file cannot be written; also what `work` throws
 */
export async function replaceFile<T>(
  path: string,
  work: (temporary: string) => Promise<T>,
  supervisor?: Supervisor,
): Promise<T> {
  const stats = attempt(path, () => statSync(path, { throwIfNoEntry: false }));
  if (stats !== undefined && !stats.isFile()) return work(path);
  const temporary = `${path}.${process.pid}.tmp`;
  supervisor?.temporary(temporary);
  try {
    // With the usual mode, which DuckDB's files do not have.
    attempt(path, () => closeSync(openSync(temporary, "w")));
    const value = await work(temporary);
    attempt(path, () => renameSync(temporary, path));
    return value;
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** The same for text, which `work` writes to a sink. */
export function replaceTextFile<T>(
  path: string,
  work: (sink: TextSink) => Promise<T>,
  supervisor?: Supervisor,
): Promise<T> {
  const writeTemporary = async (temporary: string) => {
    const fd = attempt(path, () => openSync(temporary, "w"));
    try {
      return await work(async (text) => {
        const bytes = Buffer.from(text);
        for (let done = 0; done < bytes.length; ) done += attempt(path, () => writeSync(fd, bytes, done));
      });
    } finally {
      attempt(path, () => closeSync(fd));
    }
  };
  return replaceFile(path, writeTemporary, supervisor);
}

function attempt<T>(path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new WorkError(`${path}: cannot write: ${describeFileError(error)}`);
  }
}
