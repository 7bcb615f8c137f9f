import type { AppendOutcome, Journal, JournalState } from "../../src/journal/index.js";

/** A journal that stores nothing and does as it is told. */
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
  let rows = 0;
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
      return refusal ?? { kind: "appended", rows: lines.map(() => ({ sequence: ++rows, duplicate: false })) };
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
    async drain() {
      if (state === "failed") return;
      enter("draining");
      await held;
      enter("closed");
    },
  };
}
