/** Rows that wait for the service: bounded, in order. */

export interface RowBuffer {
  /** Adds a row. Where there is no room, the oldest ones that are not under way go, or this one; only this one where it
   * would have no room even then. */
  put(row: Uint8Array): void;
  /** Takes the next rows, one at least if any waits; they are then under way. */
  take(rows_max: number, bytes_max: number): readonly Uint8Array[];
  /** The first `count` rows under way are stored or refused. */
  settle(count: number): void;
  /** Takes out all rows, those under way first. */
  drain(): readonly Uint8Array[];
  /** Resolves once all rows put so far are stored, refused, dropped or drained. */
  settled(): Promise<void>;
  /** Rows that wait or are under way, and their bytes. */
  readonly size: { readonly rows: number; readonly bytes: number };
}

export interface RowBufferOptions {
  readonly rows_max: number;
  readonly bytes_max: number;
  readonly overflow: "oldest" | "newest";
  /** A row was lost. */
  onDrop(): void;
}

/** Where so many places at the front are empty, the list is made anew. */
const EMPTY_MAX = 1_024;

/** Invariant: rows that wait and rows that are under way are together within both bounds. */
export function createRowBuffer({ rows_max, bytes_max, overflow, onDrop }: RowBufferOptions): RowBuffer {
  /** Those before `head` are gone. */
  let waiting: (Uint8Array | undefined)[] = [];
  let head = 0;
  let under_way: Uint8Array[] = [];
  let under_way_bytes = 0;
  let bytes = 0;
  /** Rows have consecutive numbers, and leave `waiting` at its head only. */
  let last_number = 0;
  let first_under_way = 0;
  let listeners: { readonly last: number; resolve(): void }[] = [];

  const waitingRows = () => waiting.length - head;
  const isFull = (length: number) => waitingRows() + under_way.length >= rows_max || bytes + length > bytes_max;

  function shift(): Uint8Array | undefined {
    const row = waiting[head];
    if (row === undefined) return undefined;
    waiting[head++] = undefined;
    if (head === waiting.length || (head >= EMPTY_MAX && 2 * head >= waiting.length)) {
      waiting = waiting.slice(head);
      head = 0;
    }
    return row;
  }

  function makeRoom(length: number): boolean {
    if (under_way_bytes + length > bytes_max) return false;
    while (overflow === "oldest" && isFull(length)) {
      const row = shift();
      if (row === undefined) return false;
      bytes -= row.length;
      onDrop();
    }
    return !isFull(length);
  }

  function tellSettled(): void {
    if (listeners.length === 0) return;
    const oldest = under_way.length > 0 ? first_under_way : last_number - waitingRows() + 1;
    for (const { last, resolve } of listeners) if (last < oldest) resolve();
    listeners = listeners.filter(({ last }) => last >= oldest);
  }

  return {
    put(row) {
      if (isFull(row.length) && !makeRoom(row.length)) {
        onDrop();
        return;
      }
      waiting.push(row);
      bytes += row.length;
      last_number++;
    },

    take(take_rows, take_bytes) {
      const rows: Uint8Array[] = [];
      let taken = 0;
      first_under_way = last_number - waitingRows() + 1;
      while (rows.length < take_rows) {
        const next = waiting[head];
        if (next === undefined || (rows.length > 0 && taken + next.length > take_bytes)) break;
        taken += next.length;
        rows.push(next);
        shift();
      }
      under_way = [...rows];
      under_way_bytes = taken;
      return rows;
    },

    settle(count) {
      const settled = under_way.splice(0, count);
      for (const row of settled) {
        bytes -= row.length;
        under_way_bytes -= row.length;
      }
      first_under_way += settled.length;
      tellSettled();
    },

    drain() {
      const rows = [...under_way, ...waiting.slice(head).filter((row) => row !== undefined)];
      under_way = [];
      under_way_bytes = 0;
      waiting = [];
      head = 0;
      bytes = 0;
      tellSettled();
      return rows;
    },

    settled() {
      return new Promise((resolve) => {
        listeners.push({ last: last_number, resolve });
        tellSettled();
      });
    },

    get size() {
      return { rows: waitingRows() + under_way.length, bytes };
    },
  };
}
