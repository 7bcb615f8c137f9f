/** The spill file: records that could not be sent, as JSONL for `sessionlog append`. */
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeFileSync } from "node:fs";
import { recordToJsonLine } from "@sessionlog/protocol/record_to_json";
import { describeError } from "../errors.js";
import type { CallFailure } from "../rpc/failure.js";
import type { Diagnostics } from "./diagnostics.js";
import type { Records } from "./retry.js";
import type { Counters } from "./stats.js";

/**
 * Writes records that are not sent to `path`, if there is one, and counts them; what cannot be written is lost.
 * Synchronous, as a process that exits waits for nothing.
 *
 * @param failure why they are not; undefined: it is the end
 */
export function spillRecords(
  records: Records,
  path: string,
  counters: Counters,
  diagnostics: Diagnostics,
  failure?: Pick<CallFailure, "code_name" | "message">,
): void {
  if (records.length === 0) return;
  const reason = failure === undefined ? "close" : failure.code_name;
  const why = failure && `${failure.code_name}: ${failure.message}; further ones are only counted`;
  if (path === "") {
    counters.dropped += records.length;
    diagnostics.once(reason, `${records.length} records lost: ${why ?? "not sent before the end"}`);
    return;
  }
  const lines: string[] = [];
  for (const record of records) {
    try {
      lines.push(recordToJsonLine(record));
    } catch (error) {
      counters.refused++;
      diagnostics.once("spill record", `record cannot be written as JSON, not spilled: ${describeError(error)}`);
    }
  }
  let added = 0;
  try {
    addLines(path, lines, () => void added++);
  } catch (error) {
    const lost = lines.length - added;
    counters.dropped += lost;
    diagnostics.once("spill", `${lost} records lost: cannot write ${path}: ${describeError(error)}`);
  }
  counters.spilled += added;
  if (added > 0) {
    diagnostics.once(reason, `${added} records could not be sent and are in ${path}${why ? `: ${why}` : ""}`);
  }
}

/** Adds lines to a file, calls `onAdded` after each, and syncs. When it throws, the file ends with the last whole line. */
export function addLines(path: string, lines: readonly string[], onAdded: () => void): void {
  const descriptor = openSync(path, "a+", 0o640);
  let end = fstatSync(descriptor).size;
  const add = (text: string) => {
    writeFileSync(descriptor, text);
    end += Buffer.byteLength(text);
  };
  try {
    if (endsWithinLine(descriptor, end)) add("\n");
    for (const line of lines) {
      add(line);
      onAdded();
    }
    fsyncSync(descriptor);
  } catch (error) {
    // The size is 0 for what cannot be truncated, such as a device.
    if (fstatSync(descriptor).size > end) ftruncateSync(descriptor, end);
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** Whether a file of that size lacks its last newline. */
function endsWithinLine(descriptor: number, size: number): boolean {
  const last = Buffer.alloc(1);
  return size > 0 && readSync(descriptor, last, 0, 1, size - 1) === 1 && last.toString() !== "\n";
}
