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
}

export type Counters = { -readonly [Name in Exclude<keyof Stats, "buffered" | "buffered_bytes">]: number };

export function createCounters(): Counters {
  return { appended: 0, duplicate: 0, refused: 0, dropped: 0, retried: 0, spilled: 0 };
}
