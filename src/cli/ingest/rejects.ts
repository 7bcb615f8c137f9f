import { isUtf8 } from "node:buffer";
import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { Option } from "commander";
import { describeFileError } from "../../config/errors.js";
import { type CliContext, type Output, UsageError, WorkError, write } from "../context.js";
import type { RefusedRow } from "./batches.js";
import { formatViolations } from "./line_record.js";
import { findSameFile } from "./same_file.js";

/** Further ones are only counted: standard error stays readable. */
const NAMED_ROWS_MAX = 20;

/** Reports refused rows: the first ones on standard error, all of them in the rejects file. */
export interface Rejects {
  /** `file` is the input's name in messages. */
  report(file: string, rows: readonly RefusedRow[]): Promise<void>;
  /** Reports how many were not named, and closes the rejects file. */
  close(): Promise<void>;
}

/** `--rejects` */
export function rejectsOption(): Option {
  return new Option("--rejects <file>", "write the refused rows, with what is wrong, to this file (see below)");
}

export const REJECTS_HELP = `The first ${NAMED_ROWS_MAX} refused rows are reported on standard error as FILE:LINE: with
what is wrong. --rejects gets all of them, one JSON object a line, in which "row" is the exact text of the row:

    {"line":17,"violations":[{"field":"record.kind",...}],"row":"{...}"}

To get the rows back: jq -r .row rejects.jsonl. For a line that is not UTF-8, row is null and row_base64 contains the
bytes; for a line over 16 MiB, row is null. "file" names the input if there are several, and violations_omitted is the
number of violations that the service left out of its reply.`;

/**
 * Resolves the rejects file that `--rejects` names.
 *
 * @throws UsageError when it is one of the input files
 */
export async function rejectsPath(
  flag: string | undefined,
  read: readonly string[],
  context: CliContext,
): Promise<string | undefined> {
  if (flag === undefined) return undefined;
  if ((await findSameFile(flag, read, context)) === undefined) return resolve(context.cwd, flag);
  throw new UsageError(`--rejects: ${flag} is an input file`);
}

/**
 * @param path the file for all refused rows, emptied first unless `keep` is set; undefined for none
 * @param name_files whether each line of it names its input file
 * @throws WorkError when the rejects file cannot be written
 */
export async function openRejects(
  path: string | undefined,
  stderr: Output,
  { name_files = false, keep = false }: { readonly name_files?: boolean; readonly keep?: boolean } = {},
): Promise<Rejects> {
  const handle = path === undefined ? undefined : await attempt(path, () => open(path, keep ? "a" : "w"));
  let count = 0;
  return {
    async report(file, rows) {
      const named = rows.slice(0, Math.max(0, NAMED_ROWS_MAX - count));
      count += rows.length;
      await write(
        stderr,
        named.map((row) => `${file}:${row.line.number}: ${formatViolations(row.violations, row.omitted)}\n`).join(""),
      );
      if (handle === undefined || path === undefined) return;
      const lines = rows.map((row) => `${JSON.stringify({ ...(name_files && { file }), ...rejectOf(row) })}\n`);
      await attempt(path, () => handle.appendFile(lines.join("")));
    },
    async close() {
      if (count > NAMED_ROWS_MAX) await write(stderr, `and ${count - NAMED_ROWS_MAX} more\n`);
      await handle?.close();
    },
  };
}

/** A line of the rejects file. A line that is not UTF-8 is kept as base64; one above 16 MiB is not kept. */
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
