import type { RowsListener } from "../journal/index.js";
import type { TailRow } from "./tail_row.js";

/** The newest rows, kept in memory once for all who follow the log. Whoever falls behind them reads the files. */
export interface RecentRows {
  /** The rows from a sequence on, at most TURN_ROWS of them; none when that one is not at hand. */
  from(sequence: number): readonly TailRow[];
  /** Resolves when there are new rows, or at `wake`. */
  changed(): Promise<void>;
  wake(): void;
  /** Rows are kept until each reader has called what this returned. */
  open(): () => void;
}

/** How many rows are looked at before other calls get their turn. */
export const TURN_ROWS = 256;
const MAX_BYTES = 8 * 1024 * 1024;

/** @param onRows calls back with new rows until what it returns is called */
export function createRecentRows(onRows: (listener: RowsListener) => () => void): RecentRows {
  /** Invariant: their sequences have no gap. */
  let rows: TailRow[] = [];
  let bytes = 0;
  let readers = 0;
  let stop = () => {};
  let waiting: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  function add(first_sequence: number, lines: readonly Uint8Array[]): void {
    const newest = rows.at(-1);
    // Rows of another program lie between.
    if (newest !== undefined && newest.sequence + 1 !== first_sequence) clear();
    for (const [index, line] of lines.entries()) {
      rows.push({ sequence: first_sequence + index, line: withoutNewline(line) });
      bytes += line.length;
    }
    if (bytes > 2 * MAX_BYTES) trim();
    wake();
  }

  /** Down to half of what there may be, so that it is seldom done. */
  function trim(): void {
    let dropped = 0;
    for (const { line } of rows) {
      if (bytes <= MAX_BYTES) break;
      bytes -= line.length + 1;
      dropped += 1;
    }
    rows = rows.slice(dropped);
  }

  function clear(): void {
    rows = [];
    bytes = 0;
  }

  function wake(): void {
    waiting?.resolve();
    waiting = undefined;
  }

  return {
    from(sequence) {
      const index = sequence - (rows[0]?.sequence ?? Number.POSITIVE_INFINITY);
      return index < 0 ? [] : rows.slice(index, index + TURN_ROWS);
    },
    changed() {
      waiting ??= newWaiting();
      return waiting.promise;
    },
    wake,
    open() {
      readers += 1;
      if (readers === 1) stop = onRows(add);
      return () => {
        readers -= 1;
        if (readers > 0) return;
        stop();
        clear();
      };
    },
  };
}

function newWaiting() {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

function withoutNewline(line: Uint8Array): Buffer {
  return Buffer.from(line.buffer, line.byteOffset, line.byteLength - 1);
}
