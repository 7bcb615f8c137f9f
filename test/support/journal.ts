import type { AppendOutcome, Journal, JournalState, RowsListener } from "../../src/journal/index.js";

/** A journal that keeps its rows in memory and does as it is told. */
export interface FakeJournal extends Journal {
  /** The appends that came in, in order; their lines as text. */
  readonly appends: readonly (readonly string[])[];
  /** What appends are answered with from now on; undefined stores them. */
  refuseWith(outcome: AppendOutcome | undefined): void;
  /** From now on appends, opening and draining wait for `release`. */
  hold(): void;
  release(): void;
  enter(state: JournalState, message?: string): void;
}

/** Starts as "opening"; `open` opens it at once unless it is held. */
export function createFakeJournal(): FakeJournal {
  const appends: string[][] = [];
  const listeners: ((state: JournalState, message: string) => void)[] = [];
  let state: JournalState = "opening";
  let refusal: AppendOutcome | undefined;
  let held: Promise<void> = Promise.resolve();
  let release = () => {};
  const rows: Buffer[] = [];
  const rows_listeners = new Set<RowsListener>();
  let pending_rows = 0;

  function enter(next: JournalState, message = ""): void {
    state = next;
    for (const listener of listeners) listener(next, message);
  }

  return {
    appends,
    enter,
    refuseWith: (outcome) => {
      refusal = outcome;
    },
    hold: () => {
      held = new Promise((resolve) => {
        release = resolve;
      });
    },
    release: () => release(),
    async append(lines) {
      appends.push(lines.map((line) => Buffer.from(line).toString()));
      if (state === "opening" || state === "draining") {
        return { kind: state, message: `the session log is ${state}`, retry_after_ms: 1_000 };
      }
      pending_rows += lines.length;
      await held;
      pending_rows -= lines.length;
      if (refusal !== undefined) return refusal;
      const first_sequence = rows.length + 1;
      rows.push(...lines.map((line) => Buffer.from(line).subarray(0, -1)));
      for (const listener of rows_listeners) listener(first_sequence, lines);
      return {
        kind: "appended",
        rows: lines.map((_, index) => ({ sequence: first_sequence + index, duplicate: false })),
      };
    },
    get next_sequence() {
      return rows.length + 1;
    },
    async *read(from_sequence) {
      if (from_sequence <= rows.length) yield { first_sequence: from_sequence, lines: rows.slice(from_sequence - 1) };
    },
    async findLast({ count, wanted }) {
      const found = [...rows.keys()].filter((index) => wanted(rows[index] ?? Buffer.alloc(0)));
      const first = found.slice(-count)[0];
      return first === undefined ? undefined : first + 1;
    },
    onRows(listener) {
      rows_listeners.add(listener);
      return () => void rows_listeners.delete(listener);
    },
    get state() {
      return state;
    },
    get queued() {
      return { rows: pending_rows, bytes: 0 };
    },
    onStateChange: (listener) => void listeners.push(listener),
    async open() {
      await held;
      if (state === "opening") enter("open");
    },
    reopen: () => Promise.resolve(),
    rotate: () => Promise.resolve(),
    configure() {},
    async drain() {
      if (state === "failed") return;
      enter("draining");
      await held;
      enter("closed");
    },
  };
}
