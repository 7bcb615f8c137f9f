import { statSync } from "node:fs";
import type { DuckDBConnection } from "@duckdb/node-api";
import { SCHEMA } from "@sessionlog/protocol/gen/limits";
import { describeCsvError } from "./csv_file.js";
import { DuckDBInstance } from "./duckdb.js";
import { messageOf, ReadError } from "./errors.js";
import { filterCondition, type SessionFilter } from "./filter.js";
import { identifier, type Literal, literal } from "./literal.js";
import { createSourceViews, SKIPPED, type Source } from "./source_views.js";
import { createTableView, type TableFile, tableSource } from "./table_file.js";

/** On disk, for what does not fit into memory. */
export const SPILL_BYTES_MAX = 16 * 1024 ** 3;

/** How much a query may take. */
export interface Limits {
  readonly memory_bytes: number;
  /** For what does not fit into memory; absolute, created when needed. */
  readonly spill_directory: string;
  readonly spill_bytes: number;
  /** All cores by default. */
  readonly threads?: number;
}

export interface DatabaseOptions {
  readonly source: Source;
  readonly filter: SessionFilter;
  readonly tables: readonly TableFile[];
  /** For getvariable(). */
  readonly variables: Readonly<Record<string, Literal>>;
  /** Absolute path of the file that may be written. */
  readonly output: string | undefined;
  readonly limits: Limits;
}

/** An in-memory sandbox with the views. */
export interface Database {
  readonly connection: DuckDBConnection;
  /** Another one, to be closed by its user. */
  connect(): Promise<DuckDBConnection>;
  close(): void;
}

/**
 * Makes a database that reads the files and nothing else: no other file, no network, no extensions, and no statement can change that.
 *
 * @throws ReadError when a table's file cannot be used; DuckDB's own error when a file of the journal has gone
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const database = await openEmpty(options.limits);
  try {
    await setUp(database.connection, options);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** An in-memory database without anything in it, and without a sandbox. */
export async function openEmpty(limits: Limits): Promise<Database> {
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: `${limits.memory_bytes}B`,
    temp_directory: limits.spill_directory,
    max_temp_directory_size: `${limits.spill_bytes}B`,
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    allow_community_extensions: "false",
    ...(limits.threads === undefined ? {} : { threads: String(limits.threads) }),
  });
  const connect = () => instance.connect();
  const connection = await connect();
  return {
    connection,
    connect,
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

const INTERRUPT_INTERVAL_MS = 20;

/** Interrupts what runs once the signal is aborted, again and again: an interrupt between two statements is lost. Returns what ends that. */
export function interruptWhenAborted(signal: AbortSignal, connection: () => DuckDBConnection | undefined): () => void {
  let interrupting: NodeJS.Timeout | undefined;
  const interrupt = () => {
    connection()?.interrupt();
    interrupting = setTimeout(interrupt, INTERRUPT_INTERVAL_MS);
  };
  signal.addEventListener("abort", interrupt);
  return () => {
    clearTimeout(interrupting);
    signal.removeEventListener("abort", interrupt);
  };
}

async function setUp(connection: DuckDBConnection, options: DatabaseOptions): Promise<void> {
  const { source, filter, tables, variables, output } = options;
  // For `connection.progress`.
  await connection.run("SET enable_progress_bar = true; SET enable_progress_bar_print = false");
  await connection.run("SET GLOBAL TimeZone = 'UTC'");
  for (const [name, value] of Object.entries(variables)) {
    await connection.run(`SET VARIABLE ${identifier(name)} = ${literal(value)}`);
  }
  await createSourceViews(connection, source);
  const condition = filterCondition(filter) ?? "true";
  await connection.run(`
    CREATE VIEW all_lines AS SELECT *, ${condition} AS selected FROM line_rows;
    CREATE VIEW all_copies AS SELECT *, ${condition} AS selected FROM copied_rows;
    CREATE VIEW all_sessions AS FROM all_copies UNION ALL FROM all_lines;
    ALTER VIEW sessions RENAME TO unfiltered;
    CREATE VIEW sessions AS SELECT * FROM unfiltered WHERE ${condition}`);
  for (const table of tables) await createTable(connection, table);
  const compacted = source.parquet.map(({ path }) => path);
  const paths = [
    ...source.files,
    ...compacted,
    ...tables.map(({ path }) => path),
    ...(output === undefined ? [] : [output]),
  ];
  await connection.run(
    `SET allowed_paths = ${literal(paths)}; SET enable_external_access = false; SET lock_configuration = true`,
  );
}

async function createTable(connection: DuckDBConnection, table: TableFile): Promise<void> {
  const status = statSync(table.path, { throwIfNoEntry: false });
  if (status === undefined) throw new ReadError(`${table.path}: no such file`);
  if (status.isDirectory()) throw new ReadError(`${table.path}: is a directory`);
  try {
    await checkColumn(connection, table);
    await connection.run(createTableView(table));
    const column = identifier(table.column);
    const counted = await connection.runAndReadAll(
      `SELECT count(${column}), count(record) FROM ${identifier(table.name)}`,
    );
    if (counted.getRows()[0]?.[0] === 0n) throw new ReadError(`${table.path}: no row has a ${table.file_column}`);
  } catch (error) {
    if (error instanceof ReadError) throw error;
    const cause =
      describeCsvError(messageOf(error)) ??
      `cannot be read as a table with a column ${table.file_column}: ${firstLine(error)}`;
    throw new ReadError(`${table.path}: ${cause}`);
  }
}

/** Throws ReadError when the file has columns, and not that one. */
async function checkColumn(connection: DuckDBConnection, { path, file_column }: TableFile): Promise<void> {
  const source = tableSource(path);
  if (source === undefined) return;
  const described = await connection.runAndReadAll(`DESCRIBE FROM ${source}`);
  const columns = described.getRows().map(([name]) => String(name));
  if (columns.some((name) => name.toLowerCase() === file_column.toLowerCase())) return;
  throw new ReadError(`${path}: has no column ${file_column}; there are ${columns.join(", ")}`);
}

function firstLine(error: unknown): string {
  return messageOf(error).split("\n", 1)[0] ?? "";
}

/** Lines of a file, as DuckDB reads them. */
export interface LineCounts {
  /** Of this schema. */
  readonly rows: number;
  readonly skipped: number;
}

/**
 * The lines by file, if a query has skipped any; reads the files again only then.
 *
 * @param always whether they are counted in any case
 */
export async function countLinesByFile(
  connection: DuckDBConnection,
  always: boolean,
): Promise<ReadonlyMap<string, LineCounts>> {
  const met = await connection.runAndReadAll(
    `SELECT last_value FROM duckdb_sequences() WHERE sequence_name = '${SKIPPED}'`,
  );
  if (!always && met.getRows()[0]?.[0] === null) return new Map();
  const found = await connection.runAndReadAll(`
    SELECT filename, count(*) FILTER (schema = ${literal(SCHEMA)}), count(*)
    FROM read_json(
      getvariable('files'), ${JSON_LINES}, filename = true, columns = {schema: 'VARCHAR'}
    )
    GROUP BY filename`);
  return new Map(
    found.getRows().map(([file, rows, lines]) => {
      const counts = { rows: Number(rows), skipped: Number(lines) - Number(rows) };
      return [String(file), counts];
    }),
  );
}

/**
 * Which of the files DuckDB cannot read, such as gzip files that it takes to be damaged though zlib does not, and Parquet files, and why.
 * Reads each alone.
 *
 * @param files absolute
 * @throws when the signal is aborted
 */
export async function findUnreadable(
  files: readonly string[],
  memory_bytes: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const unreadable = new Map<string, string>();
  if (files.length === 0) return unreadable;
  const { connection, close } = await openEmpty({ memory_bytes, spill_directory: "", spill_bytes: 0, threads: 1 });
  const end = interruptWhenAborted(signal, () => connection);
  try {
    for (const file of files) {
      signal.throwIfAborted();
      const parquet = file.endsWith(".parquet");
      const read = parquet
        ? `SELECT sum(hash(t)) FROM read_parquet(${literal(file)}) AS t`
        : `SELECT count(schema) FROM read_json(${literal(file)}, ${JSON_LINES}, columns = {schema: 'VARCHAR'})`;
      await connection.run(read).catch((error) => {
        // Not for lack of memory, or as one asked for that.
        if (/^IO Error: /.test(messageOf(error)) || (parquet && !/^(Out of Memory|INTERRUPT)/.test(messageOf(error))))
          unreadable.set(file, firstLine(error));
      });
    }
    signal.throwIfAborted();
    return unreadable;
  } finally {
    end();
    close();
  }
}

const JSON_LINES = "format = 'newline_delimited', records = true, ignore_errors = true, hive_partitioning = false";
