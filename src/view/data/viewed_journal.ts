import {
  openSessionStore,
  type Select,
  type SessionStore,
  SqlError,
  StoppedError,
  type StoreConnection,
  type StoreOptions,
} from "../../query/index.js";
import { type Ask, createAsk, numberOf, timeOf, timeSql } from "../answers/ask.js";
import type { JournalState, Loading } from "../api.js";
import { addCells, type Cube, readCube } from "./cube_store.js";
import { createQueue, type Queue } from "./queue.js";

/** The log's files are still being read. */
export class StillLoading extends Error {
  override readonly name = "StillLoading";
  constructor(readonly answer: Loading) {
    super("the session log is being read");
  }
}

/** The log cannot be read; the message is the command line's. It is tried again. */
export class Unreadable extends Error {
  override readonly name = "Unreadable";
}

export interface ViewedJournalOptions extends Omit<StoreOptions, "signal" | "onProgress" | "connections"> {
  /** As the command line names it. */
  readonly shown_path: string;
  /** Called with a line for the operator. */
  readonly warn: (message: string) => void;
}

/** What is asked of the log. */
export interface Question {
  /** Of the view `stored`. */
  readonly condition: string;
  readonly signal: AbortSignal;
}

/** A session log that is watched while it is open. */
export interface ViewedJournal {
  /** Throws StillLoading or Unreadable. */
  state(): JournalState;
  /** Sums of all sessions. Throws as `state`. */
  cube(): Cube;
  /** Runs `work` on a connection that is free. Rejects with Busy, SqlError, the signal's reason, and as `state`. */
  ask<T>(question: Question, work: (ask: Ask, select: Select) => Promise<T>): Promise<T>;
  /** Makes a table of the rows of a SELECT over the sessions of the question; replaces one of that name. Rejects as `ask`. */
  keep(question: Question, table: string, sql: string): Promise<void>;
  /** Removes such a table. Rejects as `ask`. */
  drop(table: string): Promise<void>;
  /** A row's bytes. Rejects as `state`. */
  row(sequence: number): Promise<Buffer | undefined>;
  /** Calls back after each change; `from_sequence` is undefined when the log has been opened again, or a table has changed. Returns what ends that. */
  onChange(listener: (from_sequence: number | undefined) => void): () => void;
  /** Looks for new rows at once, which it does each second. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

const CONNECTIONS = 2;
const WAITING_MAX = 32;
const INTERVAL_MS = 1_000;
const RETRY_MS = 2_000;

interface Opened {
  readonly store: SessionStore;
  readonly queue: Queue<StoreConnection>;
  cube: Cube;
  rows: number;
  oldest: string | null;
  newest: string | null;
}

/** Opens the log in the background, again and again until it can be read, and again when rows that were read are gone. */
export function openViewedJournal(options: ViewedJournalOptions): ViewedJournal {
  const closing = new AbortController();
  const listeners = new Set<(from_sequence: number | undefined) => void>();
  let opened: Opened | undefined;
  let failure: string | undefined;
  let loading = { path: options.shown_path, files: 0, percent: 0 };
  let version = 0;
  let timer: NodeJS.Timeout | undefined;
  /** Opening, looking for new rows and closing, one after the other. */
  let chain = Promise.resolve();

  const enqueue = (work: () => Promise<void>): Promise<void> => {
    chain = chain.then(work).catch((error: unknown) => {
      if (!closing.signal.aborted) options.warn(`${options.shown_path}: ${messageOf(error)}`);
    });
    return chain;
  };
  const schedule = (delay_ms: number, work: () => Promise<void>) => {
    if (!closing.signal.aborted) timer = setTimeout(() => void enqueue(work), delay_ms);
  };

  async function open(): Promise<void> {
    try {
      const store = await openSessionStore({
        ...options,
        connections: CONNECTIONS,
        signal: closing.signal,
        onProgress: (files, percent) => {
          loading = { ...loading, files, percent: Math.floor(percent) };
        },
      });
      const next: Opened = {
        store,
        queue: createQueue(store.connections, WAITING_MAX),
        cube: { cells: [], is_cut: false },
        rows: 0,
        oldest: null,
        newest: null,
      };
      await measure(next, undefined);
      opened = next;
      failure = undefined;
      changed(undefined);
      schedule(INTERVAL_MS, look);
    } catch (error) {
      if (!closing.signal.aborted && messageOf(error) !== failure) options.warn(messageOf(error));
      failure = messageOf(error);
      schedule(RETRY_MS, open);
    }
  }

  /** Brings what is known of the rows up to date; `from_sequence` for those from there on. */
  async function measure(target: Opened, from_sequence: number | undefined): Promise<void> {
    const condition = from_sequence === undefined ? "true" : `sequence >= ${from_sequence}`;
    await target.queue.use(closing.signal, (connection) =>
      connection.with(condition, closing.signal, async (select) => {
        const ask = createAsk(select);
        const [range] = await ask(
          `SELECT count(*) AS rows, ${timeSql("min(timestamp)")} AS oldest, ${timeSql("max(timestamp)")} AS newest FROM sessions`,
        );
        const added = await readCube(ask);
        const [oldest, newest] = [timeOf(range?.oldest), timeOf(range?.newest)];
        const fresh = from_sequence === undefined;
        target.rows = (fresh ? 0 : target.rows) + numberOf(range?.rows);
        target.oldest = fresh || target.oldest === null ? oldest : least(target.oldest, oldest);
        target.newest = fresh || target.newest === null ? newest : most(target.newest, newest);
        // Of new rows with many names, all are asked again when the log is opened the next time.
        target.cube = fresh
          ? added
          : { cells: addCells(target.cube.cells, added.cells), is_cut: target.cube.is_cut || added.is_cut };
      }),
    );
  }

  async function look(): Promise<void> {
    if (opened === undefined || closing.signal.aborted) return;
    const { store } = opened;
    const from_sequence = store.state().last_sequence + 1;
    try {
      if (!(await store.isCurrent())) return await reopen();
      const found = await store.refresh();
      if (store.state().last_sequence >= from_sequence) await measure(opened, from_sequence);
      if (found !== "same") changed(found === "rows" ? from_sequence : undefined);
    } catch (error) {
      if (closing.signal.aborted) return;
      options.warn(messageOf(error));
      return await reopen();
    }
    schedule(INTERVAL_MS, look);
  }

  async function reopen(): Promise<void> {
    clearTimeout(timer);
    const old = opened;
    opened = undefined;
    loading = { ...loading, percent: 0 };
    await old?.store.close();
    await open();
  }

  function changed(from_sequence: number | undefined): void {
    version += 1;
    for (const listener of listeners) listener(from_sequence);
  }

  function current(): Opened {
    if (opened !== undefined) return opened;
    throw failure === undefined ? new StillLoading({ loading }) : new Unreadable(failure);
  }

  async function use<T>({ signal }: Question, work: (connection: StoreConnection) => Promise<T>): Promise<T> {
    const used = current();
    try {
      return await used.queue.use(AbortSignal.any([signal, closing.signal]), work);
    } catch (error) {
      // A file that is read in place has gone.
      if (opened === used && error instanceof SqlError && /^IO Error/.test(error.message)) {
        void enqueue(reopen);
        throw new StillLoading({ loading });
      }
      if (opened !== used && error instanceof StoppedError) throw new StillLoading({ loading });
      throw error;
    }
  }

  void enqueue(open);
  return {
    state() {
      const { store, rows, oldest, newest } = current();
      return { path: options.shown_path, rows, ...store.state(), oldest, newest, version };
    },
    cube: () => current().cube,
    ask: (question, work) =>
      use(question, (connection) =>
        connection.with(question.condition, question.signal, (select) => work(createAsk(select), select)),
      ),
    keep: (question, table, sql) =>
      use(question, (connection) => connection.keep(question.condition, question.signal, table, sql)),
    drop: (table) => use({ condition: "true", signal: closing.signal }, (connection) => connection.drop(table)),
    row: (sequence) => current().store.row(sequence),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    refresh: () => {
      clearTimeout(timer);
      return enqueue(look);
    },
    async close() {
      closing.abort(new StoppedError("closed"));
      clearTimeout(timer);
      await chain;
      await opened?.store.close();
    },
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const least = (a: string, b: string | null): string => (b === null || a < b ? a : b);
const most = (a: string, b: string | null): string => (b === null || a > b ? a : b);
