import type { RowsListener } from "../../journal/index.js";
import type { TailRow } from "./tail_row.js";

/** What a reader that had caught up was waiting for. */
export interface NewRows {
  /** Those that pass, in order; none when the reader has to look at the files, or was woken. */
  readonly rows: readonly TailRow[];
  /** The sequence to go on from. */
  readonly next: number;
}

/** New rows, for readers that have caught up. Whoever is still sending when rows come finds them in the files. */
export interface LiveRows {
  /** Resolves with the first new rows from a sequence on of which at least one passes, or at `wake`. */
  wait(next: number, passes: (row: TailRow) => boolean): Promise<NewRows>;
  wake(): void;
}

/** Of larger groups the files are read, in which other calls get their turn. */
const GROUP_ROWS_MAX = 512;

interface Waiter {
  next: number;
  readonly passes: (row: TailRow) => boolean;
  readonly resolve: (rows: NewRows) => void;
}

/** @param onRows calls back with new rows, in order */
export function createLiveRows(onRows: (listener: RowsListener) => void): LiveRows {
  const waiters = new Set<Waiter>();

  function settle(waiter: Waiter, rows: readonly TailRow[]): void {
    waiters.delete(waiter);
    waiter.resolve({ rows, next: waiter.next });
  }

  function tell(first_sequence: number, lines: readonly Uint8Array[]): void {
    if (waiters.size === 0) return;
    const end = first_sequence + lines.length;
    const rows = lines.length > GROUP_ROWS_MAX ? undefined : toRows(first_sequence, lines);
    for (const waiter of waiters) {
      if (end <= waiter.next) continue;
      // Where it is behind, rows of another program lie between.
      if (rows === undefined || waiter.next < first_sequence) {
        settle(waiter, []);
        continue;
      }
      const passing = rows.slice(waiter.next - first_sequence).filter(waiter.passes);
      waiter.next = end;
      if (passing.length > 0) settle(waiter, passing);
    }
  }

  onRows(tell);
  return {
    wait: (next, passes) => new Promise((resolve) => waiters.add({ next, passes, resolve })),
    wake() {
      for (const waiter of waiters) settle(waiter, []);
    },
  };
}

function toRows(first_sequence: number, lines: readonly Uint8Array[]): readonly TailRow[] {
  return lines.map((line, index) => {
    const bytes = Buffer.from(line.buffer, line.byteOffset, line.byteLength - 1);
    return { sequence: first_sequence + index, line: bytes, canonical: true };
  });
}
