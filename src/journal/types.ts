/** The result for one line. */
export interface Appended {
  /** The line's number in its journal, from 1. */
  readonly sequence: number;
  /** An equal line was already in the journal, at that sequence. */
  readonly duplicate: boolean;
}

/** Why no line of an append was stored. */
export type AppendFailure =
  | {
      readonly kind: "queue_full" | "disk_full" | "opening" | "draining" | "failed";
      readonly message: string;
      /** When to try again, in milliseconds. */
      readonly retry_after_ms: number;
    }
  /** The lines have more than GROUP_BYTES_MAX in total. */
  | { readonly kind: "too_large"; readonly message: string };

export type AppendOutcome = { readonly kind: "appended"; readonly rows: readonly Appended[] } | AppendFailure;

/** `failed` is final: the process must end. */
export type JournalState = "opening" | "open" | "disk_full" | "draining" | "closed" | "failed";

/** Called with lines that are now durable, each with its "\n", and the sequence of the first one. No lines: foreign rows
 * before that sequence were found in the file. */
export type RowsListener = (first_sequence: number, lines: readonly Uint8Array[]) => void;

/** Consecutive rows, the first with that sequence. Lines are without their "\n". */
export interface Rows {
  readonly first_sequence: number;
  readonly lines: readonly Buffer[];
}

/** A search for the last matching rows. */
export interface Search {
  /** Most rows to find. */
  readonly count: number;
  wanted(line: Buffer): boolean;
  /** Aborts the search with an error. */
  readonly signal: AbortSignal;
  /** Awaited after each block of rows. */
  pause(): Promise<void>;
}

/** An append-only log of opaque lines with one writer. */
export interface AppendLog {
  /**
   * Appends lines, each with its "\n" and no other, all or none. Never rejects; resolves once they are durable, with
   * durability "written" once they are written.
   */
  append(lines: readonly Uint8Array[]): Promise<AppendOutcome>;
  readonly state: JournalState;
  /** Waiting or being written. */
  readonly queued: { readonly rows: number; readonly bytes: number };
  onStateChange(listener: (state: JournalState, message: string) => void): void;
  /**
   * Resolves once appends are accepted; rejects with JournalOpenError. While the directory cannot be made, or there is
   * no room, it warns and tries each second; `drain` ends that, and then it resolves too.
   */
  open(): Promise<void>;
  /** Refuses new lines, stores what is queued, closes the file and releases the lock. */
  drain(): Promise<void>;
}

/** Reads the rows of a log while it is written. */
export interface RowReader {
  /**
   * The rows from a sequence on, in blocks, up to the last one that is durable when the reader gets there. Missing rows
   * (removed, moved away, in a damaged segment) are skipped: the next block begins after them. The last block may have
   * no lines: its sequence is where the missing rows end. Rejects with JournalShortage, after which nothing was skipped.
   */
  read(from_sequence: number): AsyncGenerator<Rows>;
  /**
   * The sequence of the `count`-th wanted row from the end, or of the oldest wanted one; undefined when there is none.
   * Rejects when the search's signal is aborted, and with JournalShortage.
   */
  findLast(search: Search): Promise<number | undefined>;
  /** After the last acknowledged row, where `read` ends. 1 before the log is open. */
  readonly next_sequence: number;
  /** Calls back with each group of rows once it is durable, in order; returns the function that unsubscribes. */
  onRows(listener: RowsListener): () => void;
}

/** When the active file is sealed; without limits, only on request. */
export interface RotationPolicy {
  /** Most bytes of a file, unless a single group has more; 0 for no limit. */
  readonly max_bytes: number;
  /** Seal when an hour or a day ends, in UTC. */
  readonly interval: "none" | "hourly" | "daily";
}

/** How much is kept; 0 for no limit. */
export interface RetentionPolicy {
  /** Milliseconds since a segment was sealed. */
  readonly max_age_ms: number;
  /** Sealed segments. */
  readonly max_segments: number;
  /** Bytes of all segments and the active file, as they are on disk. */
  readonly max_bytes: number;
}

/** What becomes of the files of a log. May change while it is open. */
export interface FilePolicies {
  readonly rotation: RotationPolicy;
  /** How a sealed segment is stored. */
  readonly compress: "none" | "gzip" | "zstd";
  readonly retention: RetentionPolicy;
}

/** An operator's control of a log that writes files. */
export interface FileControl {
  /** Applies these from now on; segments that are sealed already are compressed and removed by them, too. */
  configure(policies: FilePolicies): void;
  /** Continues in a new file when the path shows another file than the one being written, or none. */
  reopen(): Promise<void>;
  /** Seals the active file if it has rows, and continues in a new one. */
  rotate(): Promise<void>;
}

export interface Journal extends AppendLog, RowReader, FileControl {}

/** What a journal reports of its work, for metrics. Called synchronously as things happen; must not throw. */
export interface JournalObserver {
  /** One write and, with durability "fsync", one sync of new rows. */
  groupStored(rows: number, bytes: number, write_ms: number, sync_ms: number): void;
  /** Rows that were answered with an earlier row's sequence. */
  duplicateRows(rows: number): void;
  appendRefused(kind: AppendFailure["kind"]): void;
  stateChanged(state: JournalState): void;
  segmentSealed(rows: number, bytes: number): void;
  segmentCompressed(): void;
  /** By retention. */
  segmentsRemoved(segments: number): void;
  /** Checksums, compression or retention failed; tried again. */
  maintenanceFailed(): void;
  /** So many bytes at the end of the log were no whole rows, and were moved aside. */
  tailTorn(bytes: number): void;
}

export const NO_OBSERVER: JournalObserver = {
  groupStored() {},
  duplicateRows() {},
  appendRefused() {},
  stateChanged() {},
  segmentSealed() {},
  segmentCompressed() {},
  segmentsRemoved() {},
  maintenanceFailed() {},
  tailTorn() {},
};

/** The operator's log; pino's logger fits. */
export interface JournalLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Rows cannot be read for lack of descriptors or memory; reading them again later may succeed. */
export class JournalShortage extends Error {}

/** Why a journal cannot be opened, in one line that names the file. */
export class JournalOpenError extends Error {}
