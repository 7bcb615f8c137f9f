import { isUtf8 } from "node:buffer";
import { LINE_BYTES_MAX } from "../../journal/index.js";
import { recordJsonToBytes, type Violation } from "../../record/index.js";
import type { Line } from "./lines.js";

/** A line's record as protobuf bytes, or what is wrong with it. */
export type LineRecord =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly violations: readonly Violation[] };

const tooLong = `expected at most ${LINE_BYTES_MAX} bytes in a line`;

/** Reads the record that a line of JSONL states. The record's rules are not applied: that is for the service or `verify`. */
export function lineRecord({ bytes }: Line): LineRecord {
  if (bytes === undefined) return refused({ field: "record", reason: "TOO_LONG", description: tooLong });
  if (!isUtf8(bytes)) return refused({ field: "record", reason: "INVALID_ENCODING", description: "expected UTF-8" });
  return recordJsonToBytes(bytes.toString());
}

function refused(violation: Violation): LineRecord {
  return { ok: false, violations: [violation] };
}

/** What messages show of a violation; servers of another version may know other reasons. */
export interface ShownViolation {
  readonly field: string;
  readonly description: string;
  readonly reason: string;
}

/** More are counted, not shown: the line is to be read by a person. */
const maxShown = 5;

/** `record.kind NOT_ALLOWED: expected one of …; record.daemon REQUIRED: …`; `omitted` is how many more there are than those given. */
export function formatViolations(violations: readonly ShownViolation[], omitted = 0): string {
  const shown = violations.slice(0, maxShown);
  const more = violations.length - shown.length + omitted;
  const text = shown.map(({ field, reason, description }) => `${field} ${reason}: ${description}`).join("; ");
  return more > 0 ? `${text}; and ${more} more` : text;
}
