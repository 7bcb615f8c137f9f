/** The file of refused rows: JSON lines as `sessionlog append --rejects` writes them, so that a row can be mended and
 * sent. */
import { SessionRecord, type Violation } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { recordToJsonLine } from "@sessionlog/protocol/record_to_json";
import { describeError } from "../errors.js";
import type { Diagnostics, RecordName } from "./diagnostics.js";
import { addLines } from "./spill.js";

export interface RefusedRows {
  /** Keeps a refused record, if there is a file, to be written later; undefined for one that cannot be encoded. */
  add(record: Uint8Array | undefined, violations: readonly Violation[], violation_count: number): void;
  /** Writes what was added. */
  write(): void;
}

/** What one process adds to the file, and how much the file may have before. */
const ROWS_MAX = 1_000;
const BYTES_MAX = 16 * 1024 * 1024;

export function createRefusedRows(path: string, diagnostics: Diagnostics): RefusedRows {
  let lines: string[] = [];
  let rows = 0;
  let bytes = 0;
  return {
    add(record, violations, violation_count) {
      if (path === "") return;
      if (rows >= ROWS_MAX || bytes >= BYTES_MAX) {
        diagnostics.once("refused file", `${path} has its most rows; further refused rows are only counted`);
        return;
      }
      const violations_omitted = violation_count - violations.length;
      const line = `${JSON.stringify({
        line: ++rows,
        violations,
        ...(violations_omitted > 0 && { violations_omitted }),
        row: record === undefined ? null : rowOf(record),
      })}\n`;
      bytes += line.length;
      lines.push(line);
    },
    write() {
      if (lines.length === 0) return;
      const added = lines;
      lines = [];
      try {
        addLines(path, added, () => undefined);
      } catch (error) {
        diagnostics.once("refused file", `refused rows cannot be written to ${path}: ${describeError(error)}`);
      }
    },
  };
}

/** A record as a line of JSON; null for what JSON cannot express. */
function rowOf(record: Uint8Array): string | null {
  try {
    return recordToJsonLine(record).trimEnd();
  } catch {
    return null;
  }
}

/** What messages name a record by. */
export function nameOf(record: Uint8Array | undefined): RecordName {
  try {
    if (record !== undefined) return SessionRecord.decode(record);
  } catch {
    // Not readable by this client, which made it: the message then names none.
  }
  return { session_id: "", daemon: "" };
}
