import type { RowsListener } from "../../journal/index.js";
import type { TailRow } from "./tail_row.js";

/** What ends a reader's wait. */
export interface NewRows {
  /** Those that pass, in order; none when the reader has to read the files, or was woken. */
  readonly rows: readonly TailRow[];
  /** The sequence to continue from. */
  readonly next: number;
}

/** New rows, for readers that have caught up. A reader that is still sending when rows come finds them in the files. */
export interface RowBroadcast {
  /** Resolves with the first new rows from a sequence on of which at least one passes, or at `wake`. */
  wait(next: number, passes: (row: TailRow) => boolean): Promise<NewRows>;
  wake(): void;
}

/** Larger groups are read from the files, where other calls get their turn. */
const GROUP_ROWS_MAX = 512;

interface Waiter {
  next: number;
  readonly passes: (row: TailRow) => boolean;
  readonly resolve: (rows: NewRows) => void;
}

/** @param onRows calls back with new rows, in order */
export function createRowBroadcast(onRows: (listener: RowsListener) => void): RowBroadcast {
  const waiters = new Set<Waiter>();

  function settle(waiter: Waiter, rows: readonly TailRow[]): void {
    waiters.delete(waiter);
    waiter.resolve({ rows, next: waiter.next });
  }

  function notify(first_sequence: number, lines: readonly Uint8Array[]): void {
    if (waiters.size === 0) return;
    const end = first_sequence + lines.length;
    const rows = lines.length > GROUP_ROWS_MAX ? undefined : toRows(first_sequence, lines);
    for (const waiter of waiters) {
      if (end <= waiter.next) continue;
      // A gap before these rows contains rows of another program.
      if (rows === undefined || waiter.next < first_sequence) {
        settle(waiter, []);
        continue;
      }
      const passing = rows.slice(waiter.next - first_sequence).filter(waiter.passes);
      waiter.next = end;
      if (passing.length > 0) settle(waiter, passing);
    }
  }

  onRows(notify);
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
