import type { RecordToRow, Violation } from "../record/index.js";
import { lineRecord } from "./line_record.js";
import type { Line } from "./lines.js";

/** What `verify` finds of one line. */
export type Finding =
  | { readonly kind: "canonical" }
  /** A right row that the service would write differently. */
  | { readonly kind: "legacy" }
  | { readonly kind: "refused"; readonly violations: readonly Violation[] };

export type RowCheck = (line: Line) => Finding;

const noTimestamp: Violation = { field: "record.timestamp", reason: "REQUIRED", description: "expected a time" };
const torn: Violation = {
  field: "record",
  reason: "INVALID_ENCODING",
  description: "the last line is torn: expected a whole JSON object and a newline",
};

/**
 * Makes the check of lines that claim to be rows.
 *
 * @param daemon of rows that name none; "" lets them be refused
 */
export function createRowCheck(recordToRow: RecordToRow, daemon: string): RowCheck {
  let stampedTime = false;
  const stamps = {
    // Older loggers left it empty. Any valid one will do, since the row is not kept.
    session_id: () => "none",
    daemon,
    timestamp: () => {
      stampedTime = true;
      return { seconds: 0, nanos: 0 };
    },
  };
  return (line) => {
    const record = lineRecord(line);
    if (!record.ok) {
      const unreadable = record.violations.some(
        ({ field, reason }) => field === "record" && reason === "INVALID_ENCODING",
      );
      return { kind: "refused", violations: unreadable && line.ending === "" ? [torn] : record.violations };
    }
    stampedTime = false;
    const row = recordToRow(record.bytes, stamps);
    const violations = [...(stampedTime ? [noTimestamp] : []), ...(row.ok ? [] : row.violations)];
    if (!row.ok || violations.length > 0) return { kind: "refused", violations };
    return { kind: isSame(row.row, line) ? "canonical" : "legacy" };
  };
}

function isSame(row: Buffer, { bytes, ending }: Line): boolean {
  return bytes !== undefined && ending === "\n" && bytes.length === row.length - 1 && row.subarray(0, -1).equals(bytes);
}
