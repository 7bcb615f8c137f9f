import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { chooseParquet, describeDoubtful } from "./compact/choose_parquet.js";
import { type Database, findUnreadable, interruptWhenAborted, openDatabase, SPILL_BYTES_MAX } from "./database.js";
import { messageOf, ReadError, SqlError, StoppedError } from "./errors.js";
import { findFiles } from "./files.js";
import type { SessionFilter } from "./filter.js";
import { checkFiles, createChecksums } from "./integrity.js";
import { makeReadable, type ReadableFile } from "./judged_files.js";
import { type Literal, literal } from "./literal.js";
import { findSkipped } from "./skipped_lines.js";
import { takeSnapshot } from "./snapshot.js";
import { type Answer, asSqlError, prepareCopy, prepareSelect, selectRows } from "./statement.js";
import type { TableFile } from "./table_file.js";

export interface ReadOptions {
  /** What to read: see `findFiles`. Absolute. */
  readonly paths: readonly string[];
  readonly filter: SessionFilter;
  readonly tables: readonly TableFile[];
  readonly variables: Readonly<Record<string, Literal>>;
  /** Absolute path of a Parquet file that may be written. */
  readonly output: string | undefined;
  readonly memory_bytes: number;
  /** Aborts the query. */
  readonly signal: AbortSignal;
  /** Called several times a second with how much has been read, from 0 to 100. */
  readonly onProgress?: (percent: number) => void;
  /** Called with the folder that DuckDB makes when memory does not suffice; removed at the end. */
  readonly onTemporary?: (path: string) => void;
}

/** What a reader may ask of the sessions. */
export interface JournalReader {
  /** Runs a SELECT. Throws SqlError. */
  select(sql: string): Promise<Answer>;
  /** Writes the rows of a SELECT to the Parquet file `output`; resolves with their number. Throws SqlError. */
  copyToParquet(sql: string): Promise<number>;
  /** Marks the result as delivered: it is not read again when a file is removed meanwhile. */
  commit(): void;
  /** For a reader that keeps the database for long. */
  readonly kept: KeptDatabase;
}

/** What a reader of a session log reads, and further connections to it. */
export interface KeptDatabase {
  connect(): Promise<DuckDBConnection>;
  /** Those that are read as lines. */
  readonly files: readonly KeptFile[];
  /** Parquet copies, each read in place of its segment. */
  readonly copies: readonly { readonly path: string; readonly segment: string }[];
  /** The lines that have been skipped so far. */
  findSkipped(): Promise<Pick<Outcome<unknown>, "warnings" | "incomplete" | "unread_lines">>;
}

export interface KeptFile {
  /** As it is named in the log's directory. */
  readonly name: string;
  /** The same file, to be opened also after it is renamed. */
  readonly opened: string;
  /** What DuckDB reads of it. */
  readonly readable: string;
}

export interface Outcome<T> {
  readonly value: T;
  /** For the user, a line each. */
  readonly warnings: readonly string[];
  /** Whether the answer leaves out a file that is damaged, or no regular one, or no line that was read is a row. */
  readonly incomplete: boolean;
  /** Lines that are no rows of any schema, and are not in the answer. */
  readonly unread_lines: number;
}

/** What others may do with temporary files: nothing. */
const PRIVATE_MASK = 0o077;

/** Segments may be sealed, compressed and removed while they are read. */
const TRIES_MAX = 5;

const PROGRESS_INTERVAL_MS = 200;

/** Calls of readJournal under way, and the process's umask before the first of them. */
let reading = 0;
let usual_mask = 0;

/**
 * Lets `work` ask the session log, in a sandbox. When a file is sealed, compressed or removed before DuckDB opens it, `work` is
 * called again, over the files as they are then, unless it has committed.
 *
 * @throws ReadError, SqlError, StoppedError, and what `work` throws
 */
export async function readJournal<T>(
  options: ReadOptions,
  work: (reader: JournalReader) => Promise<T>,
): Promise<Outcome<T>> {
  const spill_directory = join(tmpdir(), `sessionlog-query-${randomBytes(8).toString("hex")}`);
  options.onTemporary?.(spill_directory);
  // DuckDB makes the folder when it needs it, and its files, with the usual modes.
  if (reading++ === 0) usual_mask = process.umask(PRIVATE_MASK);
  const found: Found = { unreadable: new Map(), long_line: false };
  try {
    for (let tries = 1; ; tries++) {
      const outcome = await readOnce(options, spill_directory, work, found, tries === TRIES_MAX);
      if (outcome !== undefined) return outcome;
    }
  } catch (error) {
    if (options.signal.aborted) throw new StoppedError(messageOf(options.signal.reason));
    throw error;
  } finally {
    if (--reading === 0) process.umask(usual_mask);
    await rm(spill_directory, { recursive: true, force: true });
  }
}

/** What earlier tries have found. */
interface Found {
  /** By path, files to leave out and Parquet copies not to use, and why. */
  readonly unreadable: Map<string, string>;
  /** Whether there is a line that is too long for DuckDB, so that also sealed segments are judged before they are read. */
  long_line: boolean;
}

/**
 * Resolves with undefined when it has to be repeated.
 *
 * @param found it may add to that
 */
async function readOnce<T>(
  options: ReadOptions,
  spill_directory: string,
  work: (reader: JournalReader) => Promise<T>,
  found: Found,
  last: boolean,
): Promise<Outcome<T> | undefined> {
  const { signal, memory_bytes } = options;
  const snapshot = await takeSnapshot(options.paths);
  let committed = false;
  let files: readonly ReadableFile[] = [];
  let copies: readonly string[] = [];
  const nameOf = (read: string) => snapshot.nameOf(files.find(({ readable }) => readable === read)?.path ?? read);
  let database: Database | undefined;
  const endInterrupts = interruptWhenAborted(signal, () => database?.connection);
  const { onProgress } = options;
  const reportProgress = () => onProgress?.(Math.max(0, database?.connection.progress.percentage ?? 0));
  const timer = onProgress && setInterval(reportProgress, PROGRESS_INTERVAL_MS);
  try {
    const expectedChecksum = createChecksums();
    const { chosen, doubtful } = await chooseParquet(snapshot.files, found.unreadable, expectedChecksum);
    const compacted = new Set(chosen.map(({ segment }) => segment));
    copies = chosen.map(({ path }) => path);
    const checked = await checkFiles(
      snapshot.files.filter(({ path }) => !compacted.has(path) && !found.unreadable.has(path)),
      signal,
      expectedChecksum,
    );
    const left_out = [...found.unreadable].filter(([path]) => snapshot.files.some((file) => file.path === path));
    const damaged = [...left_out.map(([path, why]) => `${path}: left out: ${why}`), ...checked.damaged];
    if (checked.sound.length + chosen.length === 0) throw new ReadError(damaged.join("; "));
    const trusted = (name: string) => !found.long_line && checked.sealed.has(name);
    const opened = checked.sound.map((name) => ({ path: snapshot.openPath(name), trusted: trusted(name) }));
    files = await makeReadable(opened, spill_directory, signal);
    database = await openDatabase({
      ...options,
      source: { files: files.map(({ readable }) => readable), parquet: chosen },
      limits: { memory_bytes, spill_directory, spill_bytes: SPILL_BYTES_MAX },
    });
    const { connection, connect } = database;
    const isActive = (name: string) => snapshot.files.some(({ path, active }) => active && path === name);
    const summed = chosen.map(({ segment, ...copy }) => ({ name: segment, ...copy }));
    const kept: KeptDatabase = {
      connect,
      files: files.map(({ path, readable }) => ({ name: snapshot.nameOf(path), opened: path, readable })),
      copies: chosen,
      async findSkipped() {
        const skipped = await findSkipped(connection, files, summed, snapshot.nameOf, isActive, signal);
        return {
          warnings: [...snapshot.warnings, ...describeDoubtful(doubtful), ...damaged, ...skipped.warnings],
          incomplete: damaged.length > 0 || !snapshot.complete || skipped.no_row,
          unread_lines: skipped.unread_lines,
        };
      },
    };
    const value = await work({ ...createReader(database, options, () => (committed = true)), kept });
    return { value, ...(await kept.findSkipped()) };
  } catch (error) {
    if (!found.long_line && !committed && /maximum_object_size/.test(messageOf(error))) {
      found.long_line = true;
      return undefined;
    }
    // An error of the question is permanent.
    const final =
      signal.aborted || error instanceof ReadError || (await findFiles(options.paths)).names === snapshot.names;
    if (!final && !last && !committed) return undefined;
    if (!final) throw new ReadError("files were sealed or removed before all of them were read: ask again");
    const kind = /^(IO|Invalid|Invalid Input|Out of Memory) Error: /.exec(messageOf(error))?.[1];
    if (!kind || signal.aborted) throw error;
    const suspects = [
      ...(kind === "IO" ? files.map((file) => file.readable) : []),
      ...(PARQUET_FAULT.test(messageOf(error)) ? copies : []),
    ];
    const failing = await findUnreadable(suspects, memory_bytes, signal);
    for (const [file, why] of failing) found.unreadable.set(nameOf(file), why.replace(OPEN_FILE, snapshot.nameOf));
    if (failing.size > 0 && !committed && !last) return undefined;
    const where = [...failing.keys()].map((file) => `${nameOf(file)}: `).join("");
    const message = where + messageOf(error).replace(OPEN_FILE, snapshot.nameOf);
    throw error instanceof SqlError ? new SqlError(message) : new ReadError(message.split("\n", 1)[0]);
  } finally {
    clearInterval(timer);
    endInterrupts();
    database?.close();
    await snapshot.close();
  }
}

function createReader(
  { connection }: Database,
  { output, signal }: ReadOptions,
  commit: () => void,
): Omit<JournalReader, "kept"> {
  return {
    commit,
    select: (sql) => selectRows(connection, sql, signal),
    async copyToParquet(sql) {
      signal.throwIfAborted();
      await prepareSelect(connection, sql);
      const statement = await prepareCopy(connection, sql, literal(output ?? ""));
      const result = await asSqlError(() => statement.runAndReadAll());
      return Number(result.getRows()[0]?.[0] ?? 0);
    },
  };
}

/** What DuckDB says of damaged Parquet. */
const PARQUET_FAULT = /parquet|corrupt|zstd|buffer/i;

/** How DuckDB names an uncompressed file: see `takeSnapshot`. */
const OPEN_FILE = /\/dev\/fd\/\d+/g;
