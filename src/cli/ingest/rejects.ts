import { isUtf8 } from "node:buffer";
import { type FileHandle, open } from "node:fs/promises";
import { resolve } from "node:path";
import { describeFileError } from "../../config/errors.js";
import { type CliContext, type Output, UsageError, WorkError, write } from "../context.js";
import type { RefusedRow } from "./batches.js";
import { formatViolations } from "./line_record.js";
import { findSameFile } from "./same_file.js";

/** More are counted: a terminal is no place for thousands. */
const maxNamed = 20;

/** Tells of refused rows: the first ones on standard error, all of them in the rejects file. */
export interface Refusals {
  /** `file` is the input's name in messages. */
  report(file: string, rows: readonly RefusedRow[]): Promise<void>;
  /** Says how many were not named, and closes the rejects file. */
  end(): Promise<void>;
}

/**
 * Resolves the rejects file that `--rejects` names.
 *
 * @throws UsageError when it is a file that is read
 */
export async function rejectsPath(
  flag: string | undefined,
  read: readonly string[],
  context: CliContext,
): Promise<string | undefined> {
  if (flag === undefined) return undefined;
  if ((await findSameFile(flag, read, context)) === undefined) return resolve(context.cwd, flag);
  throw new UsageError(`--rejects: ${flag} is the file that is read`);
}

/**
 * @param rejects the file for all refused rows, made empty first; undefined for none
 * @param name_files whether the rejects say of which file they are
 * @throws WorkError when the rejects file cannot be written
 */
export async function openRefusals(rejects: string | undefined, stderr: Output, name_files = false): Promise<Refusals> {
  const handle = rejects === undefined ? undefined : await attempt(rejects, () => open(rejects, "w"));
  let count = 0;
  return {
    async report(file, rows) {
      const named = rows.slice(0, Math.max(0, maxNamed - count));
      count += rows.length;
      await write(
        stderr,
        named.map((row) => `${file}:${row.line.number}: ${formatViolations(row.violations, row.omitted)}\n`).join(""),
      );
      if (handle !== undefined && rejects !== undefined) {
        const of = name_files ? { file } : {};
        await attempt(rejects, () =>
          writeAll(
            handle,
            rows.map((row) => ({ ...of, ...rejectOf(row) })),
          ),
        );
      }
    },
    async end() {
      if (count > maxNamed) await write(stderr, `and ${count - maxNamed} more\n`);
      await handle?.close();
    },
  };
}

async function writeAll(handle: FileHandle, rejects: readonly object[]): Promise<void> {
  for (const reject of rejects) await handle.appendFile(`${JSON.stringify(reject)}\n`);
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
