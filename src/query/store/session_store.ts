import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findEnd, type JournalNames, listSegments, nodeDisk, readRow } from "../../journal/index.js";
import { ReadError, StoppedError } from "../errors.js";
import { findJournal } from "../files.js";
import { EVERY_SESSION } from "../filter.js";
import { type KeptDatabase, readJournal } from "../read_journal.js";
import type { TableFile } from "../table_file.js";
import { createAddedLines } from "./added_lines.js";
import { createStoreConnection, type StoreConnection } from "./store_connection.js";
import { createStoredRows } from "./stored_rows.js";
import { createStoredTables } from "./stored_tables.js";

export interface StoreOptions {
  /** A session log's directory or its active file. Absolute. */
  readonly path: string;
  readonly tables: readonly TableFile[];
  readonly memory_bytes: number;
  /** Questions that run at the same time. */
  readonly connections: number;
  /** Ends everything. */
  readonly signal: AbortSignal;
  /** Called while files are read into memory: how many, and how much of them, from 0 to 100. */
  readonly onProgress?: (files: number, percent: number) => void;
  /** Called with folders to be removed if the process is killed. */
  readonly onTemporary?: (path: string) => void;
}

/** What a store has. */
export interface StoreState {
  /** Sealed files, and how many of them are read as Parquet. */
  readonly segments: number;
  readonly compacted: number;
  readonly last_sequence: number;
  /** For the user, a line each. */
  readonly warnings: readonly string[];
  /** Whether nothing of the log is left out. */
  readonly complete: boolean;
}

/** A session log in a database that stays open, with rows that are added as they come. */
export interface SessionStore {
  /** Lent to one question at a time each. */
  readonly connections: readonly StoreConnection[];
  state(): StoreState;
  /**
   * Reads what has been added, at most 64 MiB at a time: nothing, rows, or (also) other rows of the tables' files.
   *
   * @throws JournalChanged when rows that have been read are gone: then the store has to be opened again
   */
  refresh(): Promise<"same" | "rows" | "tables">;
  /** Whether all sealed files that were there when it was opened are still there. */
  isCurrent(): Promise<boolean>;
  /** A row's bytes as they are in its file; undefined when it is gone. */
  row(sequence: number): Promise<Buffer | undefined>;
  close(): Promise<void>;
}

/** A service may seal the file while it is opened. */
const TRIES_MAX = 5;

/**
 * Opens a session log. Parquet copies are read in place, other files into memory, without prompts and with the artifacts of accepted fills
 * only. DuckDB's view `stored` has all rows, with their sequences.
 *
 * @throws ReadError, StoppedError
 */
export async function openSessionStore(options: StoreOptions): Promise<SessionStore> {
  const names = await findJournal(options.path);
  for (let tries = 1; ; tries++) {
    const opened = await openOnce(options, names);
    if (opened !== undefined) return opened;
    if (tries === TRIES_MAX) throw new ReadError(`${names.active}: is sealed faster than it can be opened`);
  }
}

/** Undefined when the active file was sealed meanwhile. */
async function openOnce(options: StoreOptions, names: JournalNames): Promise<SessionStore | undefined> {
  const directory = await mkdtemp(join(tmpdir(), "sessionlog-view-"));
  options.onTemporary?.(directory);
  const added_path = join(directory, "added.jsonl");
  const closing = new AbortController();
  const signal = AbortSignal.any([options.signal, closing.signal]);
  let ended: Promise<unknown> = Promise.resolve();
  const close = async () => {
    closing.abort(new StoppedError("closed"));
    await ended;
  };
  try {
    return await new Promise((resolve, reject) => {
      ended = readJournal(
        {
          paths: [names.active],
          filter: EVERY_SESSION,
          tables: options.tables.map((table) => ({ ...table, name: `${table.name}_file` })),
          variables: {},
          output: added_path,
          memory_bytes: options.memory_bytes,
          signal,
          ...(options.onTemporary === undefined ? {} : { onTemporary: options.onTemporary }),
        },
        async ({ kept, commit }) => {
          const store = await fill(kept, { ...options, signal }, names, added_path);
          commit();
          resolve(store === undefined ? undefined : { ...store, close });
          // The database is closed when this ends.
          if (store !== undefined) await untilAborted(signal);
        },
      )
        .catch(reject)
        .finally(() => rm(directory, { recursive: true, force: true }));
    });
  } catch (error) {
    await ended;
    throw error;
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

async function fill(
  kept: KeptDatabase,
  options: StoreOptions,
  names: JournalNames,
  added_path: string,
): Promise<Omit<SessionStore, "close"> | undefined> {
  const { signal } = options;
  const begun = await findEnd(nodeDisk, names);
  const active = kept.files.find(({ name }) => name === names.active);
  // The file that is held open is the one that was measured.
  const held = active === undefined ? undefined : await stat(active.opened);
  if ((held === undefined ? undefined : `${held.dev}:${held.ino}`) !== begun.active?.identity) return undefined;
  const writer = await kept.connect();
  const rows = createStoredRows(writer, kept.copies);
  await rows.load(kept.files, names, begun, signal, (percent) => options.onProgress?.(kept.files.length, percent));
  const found = await kept.findSkipped();
  const tables = createStoredTables(writer, options.tables);
  await tables.load();
  const added = createAddedLines(rows, names, added_path, begun);
  const connections: StoreConnection[] = [];
  for (let made = 0; made < options.connections; made++) {
    connections.push(createStoreConnection(await kept.connect()));
  }
  const segments = kept.files.filter(({ name }) => name !== names.active).length + kept.copies.length;
  const sealed = (await listSegments(nodeDisk, names)).segments;
  return {
    connections,
    state: () => ({
      segments,
      compacted: kept.copies.length,
      last_sequence: added.position().sequence - 1,
      warnings: [...found.warnings, ...added.warnings()],
      complete: !found.incomplete && found.unread_lines === 0 && added.warnings().length === 0,
    }),
    async refresh() {
      const is_new = await added.read(signal);
      if (await tables.refresh()) return "tables";
      return is_new ? "rows" : "same";
    },
    async isCurrent() {
      const { segments } = await listSegments(nodeDisk, names);
      const firsts = new Set(segments.map(({ first }) => first));
      return sealed.every(({ first }) => firsts.has(first));
    },
    row: (sequence) => readRow(nodeDisk, names, added.position(), sequence),
  };
}
