import { isUtf8 } from "node:buffer";
import { judgeLine, recordJsonToBytes, type Violation } from "../../record/index.js";
import type { Line } from "./lines.js";

/** A line's record as protobuf bytes, or what is wrong with it. */
export type LineRecord =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly violations: readonly Violation[] };

/** Reads the record in a line of JSONL. Does not apply the record's rules: the service and `verify` do. */
export function lineRecord({ bytes }: Line): LineRecord {
  const judged = judgeLine(bytes);
  if (judged.kind !== "unreadable" || judged.convertible) return recordJsonToBytes(bytes?.toString() ?? "");
  const refused: LineRecord = { ok: false, violations: [judged.why] };
  if (bytes === undefined || !isUtf8(bytes)) return refused;
  // The record's reader also names the field whose text is not valid Unicode.
  const record = recordJsonToBytes(bytes.toString());
  return record.ok ? refused : record;
}

/** The parts of a violation that messages show; a server of another version may have other reasons. */
export interface ShownViolation {
  readonly field: string;
  readonly description: string;
  readonly reason: string;
}

/** Further ones are counted: a person reads this line. */
const SHOWN_MAX = 5;

/**
 * `record.kind NOT_ALLOWED: expected one of …; record.daemon REQUIRED: …`
 *
 * @param omitted number of violations beyond those given
 */
export function formatViolations(violations: readonly ShownViolation[], omitted = 0): string {
  const shown = violations.slice(0, SHOWN_MAX);
  const more = violations.length - shown.length + omitted;
  const text = shown.map(({ field, reason, description }) => `${field} ${reason}: ${description}`).join("; ");
  return more > 0 ? `${text}; and ${more} more` : text;
}
