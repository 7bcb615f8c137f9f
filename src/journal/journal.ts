import type { WriteFailure } from "./active/group_writer.js";
import { createStore } from "./active/store.js";
import { type Clock, systemClock } from "./clock.js";
import { dedupeGroup, digestsOf, wholeGroup } from "./dedupe.js";
import { createDedupeWindow } from "./digest_window.js";
import type { Disk } from "./disk/disk.js";
import { errorText } from "./disk/errors.js";
import { nodeDisk } from "./disk/node_disk.js";
import { GROUP_BYTES_MAX } from "./format.js";
import { joinLines } from "./join_lines.js";
import { createRequestQueue, type Request } from "./queue.js";
import { createRowReader } from "./read/row_reader.js";
import { createMaintenance, type Maintenance } from "./sealed/maintenance.js";
import {
  type AppendFailure,
  type AppendOutcome,
  type FilePolicies,
  type Journal,
  type JournalLog,
  type JournalObserver,
  JournalOpenError,
  JournalShortage,
  type JournalState,
  NO_OBSERVER,
  type RowsListener,
} from "./types.js";

export interface JournalOptions extends FilePolicies {
  /** The active file: an absolute path that ends in ".jsonl", or leads to one by links. */
  readonly path: string;
  /** What precedes an acknowledgement: fdatasync, or only the write. */
  readonly durability: "fsync" | "written";
  /** Most lines and bytes waiting or being written; further appends are refused. */
  readonly queue_rows: number;
  readonly queue_bytes: number;
  /** Whether a row is a session row: an existing file with one is adopted. */
  readonly adopts: (line: Buffer) => boolean;
  /** Whether other programs take a line for something else than it is; undefined for one of more than 16 MiB. */
  readonly isOdd: (line: Buffer | undefined) => boolean;
  /** The number of last rows among which a repeated one is recognised; 0 for none, Infinity for all. */
  readonly dedupe_rows: number;
  readonly log: JournalLog;
  readonly observer?: JournalObserver;
  readonly disk?: Disk;
  readonly clock?: Clock;
}

const RETRY_MS = 1000;
const QUEUE_FULL_RETRY_MS = 100;
/** A moved file is noticed within a second. */
const CHECK_MS = 500;
const PROBE_BYTES_MAX = 1024 * 1024;
/** Every line of the group was a duplicate. */
const NOTHING_STORED = { kind: "stored", first_sequence: 0, write_ms: 0, sync_ms: 0 } as const;

/** A journal that is not open yet. */
export function createJournal(options: JournalOptions): Journal {
  const { disk = nodeDisk, clock = systemClock, observer = NO_OBSERVER, log, path } = options;
  let policies: FilePolicies = options;
  const store = createStore({
    ...options,
    disk,
    clock,
    observer,
    onSealed,
    get rotation() {
      return policies.rotation;
    },
  });
  const dedupe = createDedupeWindow(options.dedupe_rows);
  const queue = createRequestQueue<AppendOutcome>(options.queue_rows, options.queue_bytes);
  /** The one promise chain: all access to the files waits here for its turn. */
  const serialize = createChain();
  /** Readers wait here for each other: a group waits for one of them at most. */
  const inTurn = createChain();
  const reader = createRowReader({
    path,
    openRows: (side, sequence) => inTurn(() => serialize(() => store.openRows(side, sequence))),
    next_sequence: () => next_sequence,
    log,
  });
  const listeners: ((state: JournalState, message: string) => void)[] = [];
  const rows_listeners = new Set<RowsListener>();
  /** Undefined until the log is open. */
  let maintenance: Maintenance | undefined;
  /** Invariant: listeners were notified of every stored row before it. */
  let next_sequence = 1;
  let state: JournalState = "opening";
  let reason = "the session log is not open yet";
  let timer: { cancel(): void } | undefined;
  let wake: (() => void) | undefined;
  let storing = false;
  let drained: Promise<void> | undefined;

  async function serializeOrFail(work: () => Promise<void>): Promise<void> {
    try {
      await serialize(work);
    } catch (error) {
      fail(errorText(error));
    }
  }

  function setState(next: JournalState, message: string): void {
    state = next;
    reason = message;
    observer.stateChanged(next);
    for (const listener of listeners) listener(next, message);
  }

  function onSealed(rows: number, bytes: number, own: string | undefined): void {
    observer.segmentSealed(rows, bytes);
    maintenance?.wake(own);
  }

  function refuse(failure: AppendFailure): AppendFailure {
    observer.appendRefused(failure.kind);
    return failure;
  }

  function refusal(): AppendFailure {
    const kind = state === "open" || state === "closed" ? "draining" : state;
    return refuse({ kind, message: reason, retry_after_ms: RETRY_MS });
  }

  function fail(message: string): void {
    if (state === "failed") return;
    timer?.cancel();
    log.error({ path }, message);
    setState("failed", `the session log failed: ${message}`);
    queue.release(queue.takeAll(), refusal);
  }

  function recover(failure: WriteFailure, bytes: number): void {
    if (failure.kind === "fatal") {
      fail(failure.message);
      return;
    }
    if (state === "open") {
      log.warn({ path }, `no room for the session log: ${failure.message}`);
      setState("disk_full", `no room for the session log: ${failure.message}`);
    }
    queue.release(queue.takeAll(), refusal);
    if (state === "disk_full") later(RETRY_MS, () => probe(bytes));
  }

  async function probe(bytes: number): Promise<void> {
    if (state !== "disk_full") return;
    const failure = await store.probe(Math.min(bytes, PROBE_BYTES_MAX));
    if (failure !== undefined) return recover(failure, bytes);
    // The state may have changed to draining.
    if (state !== "disk_full") return;
    log.info({ path }, "there is room for the session log again");
    setState("open", "");
    later(CHECK_MS, checkActive);
  }

  async function checkActive(): Promise<void> {
    if (state !== "open") return;
    const failure = await store.maintainActive();
    if (failure !== undefined) return recover(failure, 1);
    notifyForeignRows();
    later(CHECK_MS, checkActive);
  }

  function later(delay_ms: number, work: () => Promise<void>): void {
    timer?.cancel();
    timer = clock.after(delay_ms, () => void serializeOrFail(work));
  }

  async function storeGroup(): Promise<void> {
    const group = queue.takeGroup();
    const lines = group.flatMap((request) => request.lines);
    const { fresh, settle } = options.dedupe_rows > 0 ? dedupeGroup(dedupe, lines) : wholeGroup(lines);
    const bytes = joinLines(fresh);
    const outcome = fresh.length > 0 ? await store.append(bytes, fresh.length) : NOTHING_STORED;
    if (outcome.kind !== "stored") {
      recover(outcome, bytes.length);
      return queue.release(group, refusal);
    }
    if (fresh.length > 0) {
      observer.groupStored(fresh.length, bytes.length, outcome.write_ms, outcome.sync_ms);
      notifyRows(outcome.first_sequence, fresh);
    }
    if (fresh.length < lines.length) observer.duplicateRows(lines.length - fresh.length);
    const rows = settle(outcome.first_sequence);
    let next = 0;
    queue.release(group, ({ lines }) => {
      next += lines.length;
      return { kind: "appended", rows: rows.slice(next - lines.length, next) };
    });
  }

  function notifyRows(first_sequence: number, lines: readonly Uint8Array[]): void {
    next_sequence = first_sequence + lines.length;
    for (const listener of rows_listeners) listener(first_sequence, lines);
  }

  /** Foreign rows found in the file are for readers, too. */
  function notifyForeignRows(): void {
    if (store.next_sequence > next_sequence) notifyRows(store.next_sequence, []);
  }

  /** Stores group after group; other work on the files may run between two. */
  function pump(): void {
    if (storing || queue.waiting === 0) return;
    storing = true;
    void serializeOrFail(storeGroup).finally(() => {
      storing = false;
      pump();
    });
  }

  function append(lines: readonly Uint8Array[]): Promise<AppendOutcome> {
    const bytes = lines.reduce((sum, line) => sum + line.length, 0);
    if (state !== "open") return Promise.resolve(refusal());
    if (bytes > GROUP_BYTES_MAX) {
      const message = `the rows have ${bytes} bytes together, at most ${GROUP_BYTES_MAX} are stored at once`;
      return Promise.resolve(refuse({ kind: "too_large", message }));
    }
    return new Promise((resolve) => {
      const request: Request<AppendOutcome> = { lines, bytes, settle: resolve };
      if (queue.offer(request)) return pump();
      const message = "the session log's queue is full";
      resolve(refuse({ kind: "queue_full", message, retry_after_ms: QUEUE_FULL_RETRY_MS }));
    });
  }

  async function open(): Promise<void> {
    let said: string | undefined;
    let opened = false;
    const attempt = async () => {
      const problem = opened ? undefined : await serialize(store.open);
      if (problem !== undefined) return problem;
      opened = true;
      next_sequence = store.next_sequence;
      return fillDedupe();
    };
    while (state === "opening") {
      const problem = await attempt();
      if (problem === undefined) break;
      if (problem !== said) log.warn({ path }, `the session log cannot be opened yet, trying each second: ${problem}`);
      said = problem;
      await new Promise<void>((resolve) => {
        wake = resolve;
        timer = clock.after(RETRY_MS, resolve);
      });
    }
    if (state !== "opening") return;
    maintenance = createMaintenance({
      ...options,
      disk,
      clock,
      observer,
      names: store.names,
      active: () => store.active,
      get compress() {
        return policies.compress;
      },
      get retention() {
        return policies.retention;
      },
    });
    maintenance.wake();
    setState("open", "");
    later(CHECK_MS, checkActive);
  }

  /** Resolves with undefined once done, else with why it cannot be done yet; may be repeated. */
  async function fillDedupe(): Promise<string | undefined> {
    if (options.dedupe_rows === 0) return undefined;
    try {
      for await (const { first_sequence, lines } of reader.read(Math.max(1, next_sequence - options.dedupe_rows))) {
        const digests = digestsOf(lines, 0);
        for (const index of lines.keys()) dedupe.add(digests, index, first_sequence + index);
        if (state !== "opening") return undefined;
      }
      return undefined;
    } catch (error) {
      if (error instanceof JournalShortage) return error.message;
      throw new JournalOpenError(`${path}: ${errorText(error)}`);
    }
  }

  async function rotate(): Promise<void> {
    if (state !== "open") return;
    const failure = await store.rotate();
    if (failure !== undefined) return recover(failure, 1);
    notifyForeignRows();
  }

  async function drain(): Promise<void> {
    if (state === "failed") return;
    timer?.cancel();
    setState("draining", "the service is shutting down");
    wake?.();
    await maintenance?.stop();
    await serializeOrFail(async () => {
      while (queue.waiting > 0) await storeGroup();
      await store.close();
    });
    if (state === "draining") setState("closed", "the session log is closed");
  }

  return {
    append,
    open,
    rotate: () => serializeOrFail(rotate),
    reopen: () => serializeOrFail(checkActive),
    configure(next) {
      policies = next;
      maintenance?.wake();
    },
    drain: () => {
      drained ??= drain();
      return drained;
    },
    get state() {
      return state;
    },
    get queued() {
      return { rows: queue.rows, bytes: queue.bytes };
    },
    onStateChange: (listener) => void listeners.push(listener),
    get next_sequence() {
      return next_sequence;
    },
    read: reader.read,
    findLast: reader.findLast,
    onRows(listener) {
      rows_listeners.add(listener);
      return () => void rows_listeners.delete(listener);
    },
  };
}

/** Work that is done one after the other, whether it fails or not. */
function createChain(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
}
