/** Counts of rows since the logger was made. */
export interface Stats {
  /** Stored by the service. */
  readonly appended: number;
  /** Stored already, by an earlier try; the service wrote nothing again. */
  readonly duplicate: number;
  /** Not taken, by the service or because no record can say it; the log tells the reasons. */
  readonly refused: number;
  /** Lost: the buffer was full, or the logger was closed. */
  readonly dropped: number;
  /** Sent once more, each time counted. */
  readonly retried: number;
  /** Written to the spill file. */
  readonly spilled: number;
  /** In the buffer now, rows under way included. */
  readonly buffered: number;
  readonly buffered_bytes: number;
}

export type Counters = { -readonly [Name in Exclude<keyof Stats, "buffered" | "buffered_bytes">]: number };

export function createCounters(): Counters {
  return { appended: 0, duplicate: 0, refused: 0, dropped: 0, retried: 0, spilled: 0 };
}
