/** Why a field was refused; a constant for programs. */
export type Reason =
  | "REQUIRED"
  | "TOO_LONG"
  | "INVALID_FORMAT"
  | "NOT_ALLOWED"
  | "OUT_OF_RANGE"
  | "TOO_DEEP"
  | "NOT_FINITE"
  | "INVALID_ENCODING"
  | "INCONSISTENT";

/** One thing that is wrong with a record. */
export interface Violation {
  /** The path of the field to change, such as `record.attempts[1].iteration`. */
  readonly field: string;
  /** English: what was expected and, where short and harmless, what was found. Never text of a prompt or an artifact. */
  readonly description: string;
  readonly reason: Reason;
}

/** A record that may not be stored, and all that is wrong with it: at least one violation, at most one for each field. */
export interface RefusedRecord {
  readonly ok: false;
  readonly violations: readonly Violation[];
}
