import type { DiskFile } from "./disk.js";

/** The file being written. */
export interface ActiveFile {
  readonly file: DiskFile;
  readonly identity: string;
  /** Whether this process has written every row in it. */
  readonly own: boolean;
  /** Bytes. Invariant: all that was acknowledged in this file lies before `end`, and `end` is a line's end. */
  end: number;
  /** Sequence of its first row. */
  first_sequence: number;
  /** Non-blank lines before `end`. Invariant: first_sequence + rows is the next row's sequence. */
  rows: number;
  /** When its last row was written, milliseconds since 1970. */
  written_at: number;
}
