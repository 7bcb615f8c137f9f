/** The spill file: rows that could not be sent, as JSONL for `sessionlog append`. */
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeFileSync } from "node:fs";
import { recordToJsonLine } from "@sessionlog/protocol/record_to_json";
import { describeError } from "../errors.js";
import type { Notices } from "./diagnostics.js";
import type { Counters } from "./stats.js";

/** Spills what is left at the end to `path`, if there is one, and counts it; what cannot be spilled is lost. Synchronous,
 * as a process that exits waits for nothing. */
export function leaveRows(rows: readonly Uint8Array[], path: string, counters: Counters, notices: Notices): void {
  if (rows.length === 0) return;
  if (path === "") {
    counters.dropped += rows.length;
    notices.once("close", `${rows.length} rows are lost, as they could not be sent before the end`);
    return;
  }
  const lines: string[] = [];
  for (const row of rows) {
    try {
      lines.push(recordToJsonLine(row));
    } catch (error) {
      counters.refused++;
      notices.once("spill row", `a row has no JSON, and is not spilled: ${describeError(error)}`);
    }
  }
  let added = 0;
  try {
    addLines(path, lines, () => void added++);
  } catch (error) {
    const lost = lines.length - added;
    counters.dropped += lost;
    notices.once("spill", `${lost} rows are lost, as the spill file fails: ${describeError(error)}`);
  }
  counters.spilled += added;
  if (added > 0) notices.once("close", `${added} rows could not be sent and are in ${path}`);
}

/** Adds lines, tells of each one that is in the file, and syncs. When it throws, the file ends with the last whole line. */
function addLines(path: string, lines: readonly string[], onAdded: () => void): void {
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
    // What has no end to cut, such as a device, has the size 0.
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
