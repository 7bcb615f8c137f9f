import { isUtf8 } from "node:buffer";
import { type FileHandle, open } from "node:fs/promises";
import { describeFileError } from "../config/problem.js";
import type { RefusedRow } from "./batches.js";
import { type Output, WorkError, write } from "./context.js";
import { formatViolations } from "./line_record.js";

/** More are counted: a terminal is no place for thousands. */
const maxNamed = 20;

/** Tells of refused rows: the first ones on standard error, all of them in the rejects file. */
export interface Refusals {
  report(rows: readonly RefusedRow[]): Promise<void>;
  /** Says how many were not named, and closes the rejects file. */
  end(): Promise<void>;
}

/**
 * @param file the input's name in messages
 * @param rejects the file for all refused rows, made empty first; undefined for none
 * @throws WorkError when the rejects file cannot be written
 */
export async function openRefusals(file: string, rejects: string | undefined, stderr: Output): Promise<Refusals> {
  const handle = rejects === undefined ? undefined : await attempt(rejects, () => open(rejects, "w"));
  let count = 0;
  return {
    async report(rows) {
      const named = rows.slice(0, Math.max(0, maxNamed - count));
      count += rows.length;
      await write(
        stderr,
        named.map((row) => `${file}:${row.line.number}: ${formatViolations(row.violations, row.omitted)}\n`).join(""),
      );
      if (handle !== undefined && rejects !== undefined) await attempt(rejects, () => writeAll(handle, rows));
    },
    async end() {
      if (count > maxNamed) await write(stderr, `and ${count - maxNamed} more\n`);
      await handle?.close();
    },
  };
}

async function writeAll(handle: FileHandle, rows: readonly RefusedRow[]): Promise<void> {
  for (const row of rows) await handle.appendFile(`${JSON.stringify(rejectOf(row))}\n`);
}

/** A line of the rejects file. Of a line that is not UTF-8 it has the bytes as base64; of one beyond 16 MiB, nothing. */
function rejectOf({ line, violations, omitted }: RefusedRow): object {
  const { number, bytes } = line;
  const listed = violations.map(({ field, description, reason }) => ({ field, description, reason }));
  return {
    line: number,
    violations: listed,
    ...(omitted > 0 && { violations_omitted: omitted }),
    row: bytes !== undefined && isUtf8(bytes) ? bytes.toString() : null,
    ...(bytes !== undefined && !isUtf8(bytes) && { row_base64: bytes.toString("base64") }),
  };
}

async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new WorkError(`${path}: cannot write: ${describeFileError(error)}`);
  }
}
