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

/** A point in time as google.protobuf.Timestamp has it: seconds since 1970, and nanoseconds after that second. */
export interface Timestamp {
  readonly seconds: number;
  readonly nanos: number;
}

/** What is put where a record leaves a field empty. */
export interface Stamps {
  /** Called only when the record has no session_id. */
  session_id(): string;
  /** Empty when there is none: a record without daemon is then refused. */
  readonly daemon: string;
  /** Called only when the record has no timestamp. */
  timestamp(): Timestamp;
}

/** A record that may be stored. */
export interface AcceptedRecord {
  readonly ok: true;
  /** The row: one line of UTF-8 JSON with its newline. */
  readonly row: Buffer;
  readonly session_id: string;
  readonly timestamp: Timestamp;
  readonly daemon: string;
  readonly kind: string;
  readonly final_verdict: string;
  readonly grounded_in_roster: boolean | undefined;
}

/** A record that may not be stored, and all that is wrong with it: at least one violation, at most one for each field. */
export interface RefusedRecord {
  readonly ok: false;
  readonly violations: readonly Violation[];
}

/** Protobuf bytes of a SessionRecord → its row, or why it has none. Never throws, whatever the bytes. */
export type RecordToRow = (bytes: Uint8Array, stamps: Stamps) => AcceptedRecord | RefusedRecord;
