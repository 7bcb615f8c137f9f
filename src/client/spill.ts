/** The spill file: rows that could not be sent, as JSONL for `sessionlog append`. */
import { closeSync, fsyncSync, openSync, writeFileSync } from "node:fs";
import { describeError } from "./encode_record.js";
import type { Notices } from "./notices.js";
import { rowToJsonLine } from "./row_json.js";
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
      lines.push(rowToJsonLine(row));
    } catch (error) {
      counters.refused++;
      notices.once("spill row", `a row has no JSON, and is not spilled: ${describeError(error)}`);
    }
  }
  try {
    addLines(path, lines);
    counters.spilled += lines.length;
    notices.once("close", `${lines.length} rows could not be sent and are in ${path}`);
  } catch (error) {
    counters.dropped += lines.length;
    notices.once("close", `${lines.length} rows are lost, as the spill file fails: ${describeError(error)}`);
  }
}

function addLines(path: string, lines: readonly string[]): void {
  const descriptor = openSync(path, "a", 0o640);
  try {
    writeFileSync(descriptor, lines.join(""));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
