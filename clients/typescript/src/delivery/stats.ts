/** Counts of records since the logger was created. */
export interface Stats {
  /** Stored by the service. */
  readonly appended: number;
  /** Stored already, by an earlier try; the service wrote nothing again. */
  readonly duplicate: number;
  /** Refused, by the service or because they cannot be encoded; the log has the reasons. */
  readonly refused: number;
  /** Lost: the buffer was full, or the logger was closed. */
  readonly dropped: number;
  /** Sent again; each time is counted. */
  readonly retried: number;
  /** Written to the spill file. */
  readonly spilled: number;
  /** In the buffer now, those in flight included. */
  readonly buffered: number;
  readonly buffered_bytes: number;
  /** How long the oldest of them has been in the buffer; 0 when it is empty. The number to alert on. */
  readonly oldest_age_ms: number;
  /** Why a call failed or a record was refused, last; empty when neither has happened. */
  readonly last_error: string;
}

export type Counters = {
  -readonly [Name in "appended" | "duplicate" | "refused" | "dropped" | "retried" | "spilled"]: number;
};

/** Of a logger without a buffer. */
export const NOTHING_BUFFERED = { buffered: 0, buffered_bytes: 0, oldest_age_ms: 0, last_error: "" };

export function createCounters(): Counters {
  return { appended: 0, duplicate: 0, refused: 0, dropped: 0, retried: 0, spilled: 0 };
}
