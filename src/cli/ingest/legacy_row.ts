import { hash } from "node:crypto";
import type { RecordToRow, Violation } from "../../record/index.js";
import { lineRecord } from "./line_record.js";
import type { Line } from "./lines.js";

/** A line's row as the service writes it, newline included, or what is wrong with the line. */
export type LegacyRow =
  | { readonly ok: true; readonly row: Buffer }
  | { readonly ok: false; readonly violations: readonly Violation[] };

const NO_TIMESTAMP: Violation = { field: "record.timestamp", reason: "REQUIRED", description: "expected a time" };
const TORN: Violation = {
  field: "record",
  reason: "INVALID_ENCODING",
  description: "the last line is torn: expected a whole JSON object and a newline",
};

/**
 * Makes a reader of rows that an older logger may have written: attempts may be null, keys in any order, session_id
 * empty. The same line always gives the same row: an empty session_id becomes the first 32 hex digits of the SHA-256 of
 * the line without its ending, and a line without a timestamp is refused.
 *
 * @param daemon of rows without one; if "", these are refused
 */
export function createLegacyRow(recordToRow: RecordToRow, daemon: string): (line: Line) => LegacyRow {
  let current: Buffer | undefined;
  let stamped_time = false;
  const stamps = {
    session_id: () => hash("sha256", current ?? "", "hex").slice(0, 32),
    daemon,
    timestamp: () => {
      stamped_time = true;
      return { seconds: 0, nanos: 0 };
    },
  };
  return (line) => {
    const record = lineRecord(line);
    if (!record.ok) {
      const unreadable = record.violations.some(
        ({ field, reason }) => field === "record" && reason === "INVALID_ENCODING",
      );
      return { ok: false, violations: unreadable && line.ending === "" ? [TORN] : record.violations };
    }
    current = line.bytes;
    stamped_time = false;
    const row = recordToRow(record.bytes, stamps);
    const violations = [...(stamped_time ? [NO_TIMESTAMP] : []), ...(row.ok ? [] : row.violations)];
    return row.ok && violations.length === 0 ? row : { ok: false, violations };
  };
}
