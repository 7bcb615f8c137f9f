import { isUtf8 } from "node:buffer";
import { LINE_BYTES_MAX } from "../../journal/index.js";
import { recordJsonToBytes, type Violation } from "../../record/index.js";
import type { Line } from "./lines.js";

/** A line's record as protobuf bytes, or what is wrong with it. */
export type LineRecord =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly violations: readonly Violation[] };

const TOO_LONG = `expected at most ${LINE_BYTES_MAX} bytes in a line`;

/** Reads the record in a line of JSONL. Does not apply the record's rules: the service and `verify` do. */
export function lineRecord({ bytes }: Line): LineRecord {
  if (bytes === undefined) return refused({ field: "record", reason: "TOO_LONG", description: TOO_LONG });
  if (!isUtf8(bytes)) return refused({ field: "record", reason: "INVALID_ENCODING", description: "expected UTF-8" });
  return recordJsonToBytes(bytes.toString());
}

function refused(violation: Violation): LineRecord {
  return { ok: false, violations: [violation] };
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
