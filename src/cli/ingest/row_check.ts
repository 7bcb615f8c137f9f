import type { RecordToRow, Violation } from "../../record/index.js";
import { createLegacyRow } from "./legacy_row.js";
import type { Line } from "./lines.js";

/** The result of checking one line. */
export type RowVerdict =
  | { readonly kind: "canonical" }
  /** A valid row that the service would write differently. */
  | { readonly kind: "legacy" }
  | { readonly kind: "refused"; readonly violations: readonly Violation[] };

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
    return { kind: isSame(found.row, line) ? "canonical" : "legacy" };
  };
}

function isSame(row: Buffer, { bytes, ending }: Line): boolean {
  return bytes !== undefined && ending === "\n" && bytes.length === row.length - 1 && row.subarray(0, -1).equals(bytes);
}
