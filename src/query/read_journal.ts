import { randomBytes } from "node:crypto";
import { open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Column, createColumn, type Row } from "./columns.js";
import { type Database, findSkippedLines, findUnreadable, openDatabase, type SkippedLines } from "./database.js";
import { messageOf, ReadError, SqlError, StoppedError } from "./errors.js";
import { findFiles } from "./files.js";
import type { SessionFilter } from "./filter.js";
import { checkFiles } from "./integrity.js";
import { type Literal, literal } from "./literal.js";
import { type Snapshot, takeSnapshot } from "./snapshot.js";
import { prepareCopy, prepareSelect } from "./statement.js";
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
}

export interface Answer {
  readonly columns: readonly Column[];
  /** The rows as they come, some at a time. */
  batches(): AsyncIterable<readonly Row[]>;
}

export interface Outcome<T> {
  readonly value: T;
  /** For the user, a line each. */
  readonly warnings: readonly string[];
  /** Whether the answer leaves a damaged file out. */
  readonly incomplete: boolean;
  /** Lines that are no rows of any schema, and are not in the answer. */
  readonly unread_lines: number;
}

/** Most disk space for what does not fit into memory. */
const SPILL_BYTES_MAX = 16 * 1024 ** 3;

/** What others may do with temporary files: nothing. */
const PRIVATE_MASK = 0o077;

/** Segments may be sealed, compressed and removed while they are read. */
const TRIES_MAX = 5;

const PROGRESS_INTERVAL_MS = 200;
const INTERRUPT_INTERVAL_MS = 20;

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
  const usual_mask = process.umask(PRIVATE_MASK);
  const unreadable = new Map<string, string>();
  try {
    for (let tries = 1; ; tries++) {
      const outcome = await readOnce(options, spill_directory, work, unreadable, tries === TRIES_MAX);
      if (outcome !== undefined) return outcome;
    }
  } catch (error) {
    if (options.signal.aborted) throw new StoppedError(messageOf(options.signal.reason));
    throw error;
  } finally {
    process.umask(usual_mask);
    await rm(spill_directory, { recursive: true, force: true });
  }
}

/**
 * Resolves with undefined when it has to be repeated.
 *
 * @param unreadable by path, files to leave out, and why; it may add some
 */
async function readOnce<T>(
  options: ReadOptions,
  spill_directory: string,
  work: (reader: JournalReader) => Promise<T>,
  unreadable: Map<string, string>,
  last: boolean,
): Promise<Outcome<T> | undefined> {
  const { signal, memory_bytes } = options;
  const snapshot = await takeSnapshot(options.paths);
  let committed = false;
  let files: readonly string[] = [];
  let database: Database | undefined;
  // Again and again: an interrupt between two statements is lost.
  let interrupting: NodeJS.Timeout | undefined;
  const interrupt = () => {
    database?.connection.interrupt();
    interrupting = setTimeout(interrupt, INTERRUPT_INTERVAL_MS);
  };
  signal.addEventListener("abort", interrupt);
  const { onProgress } = options;
  const reportProgress = () => onProgress?.(Math.max(0, database?.connection.progress.percentage ?? 0));
  const timer = onProgress && setInterval(reportProgress, PROGRESS_INTERVAL_MS);
  try {
    const checked = await checkFiles(
      snapshot.files.filter(({ path }) => !unreadable.has(path)),
      signal,
    );
    const damaged = [...[...unreadable].map(([path, why]) => `${path}: left out: ${why}`), ...checked.damaged];
    if (checked.sound.length === 0) throw new ReadError(damaged.join("; "));
    files = checked.sound.map(snapshot.openPath);
    database = await openDatabase({
      ...options,
      files,
      limits: { memory_bytes, spill_directory, spill_bytes: SPILL_BYTES_MAX },
    });
    const value = await work(createReader(database, options, () => (committed = true)));
    const skipped = await withoutTornLines(await findSkippedLines(database.connection), snapshot);
    const unread = skipped.filter(({ schema }) => schema === undefined);
    return {
      value,
      warnings: [...snapshot.warnings, ...damaged, ...skipped.map(describeSkipped).sort()],
      incomplete: damaged.length > 0,
      unread_lines: unread.reduce((total, { lines }) => total + lines, 0),
    };
  } catch (error) {
    // An error of the question is permanent.
    const final =
      signal.aborted || error instanceof ReadError || (await findFiles(options.paths)).names === snapshot.names;
    if (!final && !last && !committed) return undefined;
    if (!final) throw new ReadError("files were sealed or removed before all of them were read: ask again");
    const kind = error instanceof Error && /^(IO|Invalid Input|Out of Memory) Error: /.exec(error.message)?.[1];
    if (!kind || signal.aborted) throw error;
    const found = kind === "IO" ? await findUnreadable(files, memory_bytes, signal) : new Map<string, string>();
    for (const [file, why] of found) unreadable.set(snapshot.nameOf(file), why.replace(OPEN_FILE, snapshot.nameOf));
    if (found.size > 0 && !committed && !last) return undefined;
    const where = [...found.keys()].map((file) => `${snapshot.nameOf(file)}: `).join("");
    const message = where + messageOf(error).replace(OPEN_FILE, snapshot.nameOf);
    throw error instanceof SqlError ? new SqlError(message) : new ReadError(message.split("\n", 1)[0]);
  } finally {
    clearInterval(timer);
    clearTimeout(interrupting);
    signal.removeEventListener("abort", interrupt);
    database?.close();
    await snapshot.close();
  }
}

function createReader({ connection }: Database, { output, signal }: ReadOptions, commit: () => void): JournalReader {
  return {
    commit,
    async select(sql) {
      signal.throwIfAborted();
      const statement = await prepareSelect(connection, sql);
      const result = await asSqlError(() => statement.stream());
      const columns = result.columnTypes().map((type, index) => createColumn(result.columnName(index), type));
      return {
        columns,
        async *batches() {
          for (;;) {
            signal.throwIfAborted();
            const chunk = await asSqlError(() => result.fetchChunk());
            if (chunk === null || chunk.rowCount === 0) return;
            yield chunk.getRows();
          }
        },
      };
    },
    async copyToParquet(sql) {
      signal.throwIfAborted();
      await prepareSelect(connection, sql);
      const statement = await prepareCopy(connection, sql, literal(output ?? ""));
      const result = await asSqlError(() => statement.runAndReadAll());
      return Number(result.getRows()[0]?.[0] ?? 0);
    },
  };
}

/** How DuckDB names an uncompressed file: see `takeSnapshot`. */
const OPEN_FILE = /\/dev\/fd\/\d+/g;

/** DuckDB's message of a failing statement names the file or the place. */
async function asSqlError<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const message = messageOf(error);
    // Its further lines name settings that cannot be set here.
    const memory = /^Out of Memory Error: [^\n]*/.exec(message)?.[0];
    throw new SqlError(memory === undefined ? message : `${memory}; see --memory, and the room in ${tmpdir()}`);
  }
}

/** By the files' names, without the last line of the active file that the service is writing, or was when it was killed. */
async function withoutTornLines(
  skipped: readonly SkippedLines[],
  snapshot: Snapshot,
): Promise<readonly SkippedLines[]> {
  const found: SkippedLines[] = [];
  for (const { file, schema, lines } of skipped) {
    const name = snapshot.nameOf(file);
    const active = snapshot.files.some(({ path, active }) => active && path === name);
    const torn = schema === undefined && active && !(await endsWithNewline(file)) ? 1 : 0;
    if (lines > torn) found.push({ file: name, schema, lines: lines - torn });
  }
  return found;
}

function describeSkipped({ file, schema, lines }: SkippedLines): string {
  const [what, no] = lines === 1 ? ["1 line", "is not a row"] : [`${lines} lines`, "are not rows"];
  return `${file}: skipped ${what} ${schema === undefined ? `that ${no} of a session log` : `of schema ${schema}`}`;
}

async function endsWithNewline(path: string): Promise<boolean> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return true;
  try {
    const { size } = await file.stat();
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, Math.max(0, size - 1));
    return buffer[0] === 0x0a;
  } finally {
    await file.close();
  }
}
