import { judgeLine, type RecordToRow, type Violation } from "../../record/index.js";
import { createLegacyRow } from "./legacy_row.js";
import type { Line } from "./lines.js";

/** The result of checking one line. */
export type RowVerdict =
  | { readonly kind: "canonical" }
  /** A valid row that the service would write differently. */
  | { readonly kind: "legacy" }
  | { readonly kind: "refused"; readonly violations: readonly Violation[] };

const NO_SCHEMA: Violation = {
  field: "record.schema",
  reason: "REQUIRED",
  description: "a line without a schema is not a row of a session log",
};

export type RowCheck = (line: Line) => RowVerdict;

/**
 * Makes a check of lines.
 *
 * @param daemon of rows without one; if "", these are refused
 */
export function createRowCheck(recordToRow: RecordToRow, daemon: string): RowCheck {
  const read = createLegacyRow(recordToRow, daemon);
  return (line) => {
    const found = read(line);
    if (!found.ok) return { kind: "refused", violations: found.violations };
    if (isSame(found.row, line)) return { kind: "canonical" };
    // As a record it could be stored; where it stands, no query takes it for a row.
    const judged = judgeLine(line.bytes);
    if (judged.kind === "unreadable") return { kind: "refused", violations: [judged.why] };
    return judged.kind === "foreign" ? { kind: "refused", violations: [NO_SCHEMA] } : { kind: "legacy" };
  };
}

function isSame(row: Buffer, { bytes, ending }: Line): boolean {
  return bytes !== undefined && ending === "\n" && bytes.length === row.length - 1 && row.subarray(0, -1).equals(bytes);
}
