import { statSync } from "node:fs";
import type { DuckDBConnection } from "@duckdb/node-api";
import { SCHEMA } from "@sessionlog/protocol/gen/limits";
import { readViews } from "./catalog.js";
import { describeCsvError } from "./csv_file.js";
import { DuckDBInstance } from "./duckdb.js";
import { messageOf, ReadError } from "./errors.js";
import { filterCondition, type SessionFilter } from "./filter.js";
import { identifier, type Literal, literal } from "./literal.js";
import { createTableView, type TableFile, tableSource } from "./table_file.js";

/** How much a query may take. */
export interface Limits {
  readonly memory_bytes: number;
  /** For what does not fit into memory; absolute, created when needed. */
  readonly spill_directory: string;
  readonly spill_bytes: number;
}

export interface DatabaseOptions {
  /** Absolute paths; at least one. */
  readonly files: readonly string[];
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

/** Counts lines that are not rows of this schema, as they are read. */
const SKIPPED = "skipped_lines";

/**
 * Makes a database that reads the files and nothing else: no other file, no network, no extensions, and no statement can change that.
 *
 * @throws ReadError when a table's file cannot be used; DuckDB's own error when a file of the journal has gone
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { limits } = options;
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: `${limits.memory_bytes}B`,
    temp_directory: limits.spill_directory,
    max_temp_directory_size: `${limits.spill_bytes}B`,
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    allow_community_extensions: "false",
  });
  const connect = () => instance.connect();
  const connection = await connect();
  const close = () => {
    connection.closeSync();
    instance.closeSync();
  };
  try {
    await setUp(connection, options);
    return { connection, connect, close };
  } catch (error) {
    close();
    throw error;
  }
}

async function setUp(connection: DuckDBConnection, options: DatabaseOptions): Promise<void> {
  const { files, filter, tables, variables, output } = options;
  // For `connection.progress`.
  await connection.run("SET enable_progress_bar = true; SET enable_progress_bar_print = false");
  await connection.run(`SET GLOBAL TimeZone = 'UTC'; SET VARIABLE files = ${literal(files)}`);
  for (const [name, value] of Object.entries(variables)) {
    await connection.run(`SET VARIABLE ${identifier(name)} = ${literal(value)}`);
  }
  await connection.run(readViews());
  await countSkippedLines(connection);
  const condition = filterCondition(filter) ?? "true";
  // What asks all_sessions has no conditions of its own, so that it need not be kept from moving them: 5 % less time.
  await connection.run(`
    CREATE VIEW all_sessions AS SELECT *, ${condition} AS selected FROM counted_lines WHERE counted;
    ALTER VIEW sessions RENAME TO unfiltered;
    CREATE VIEW sessions AS SELECT * FROM unfiltered WHERE ${condition}`);
  for (const table of tables) await createTable(connection, table);
  const paths = [...files, ...tables.map(({ path }) => path), ...(output === undefined ? [] : [output])];
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

/**
 * Puts a counter below the view `sessions`: a sequence that each line of another schema moves on. It has to see every line, whatever a
 * query asks for. DuckDB moves a query's conditions down to where the lines are read, past a filter, but not past a value that differs
 * each time (`counted`), when the columns that they use depend on it. So each column does.
 */
async function countSkippedLines(connection: DuckDBConnection): Promise<void> {
  const names = await connection.runAndReadAll("SELECT column_name FROM duckdb_columns() WHERE table_name = 'journal'");
  const columns = names.getRows().map(([name]) => identifier(String(name)));
  await connection.run(`
    CREATE SEQUENCE ${SKIPPED};
    ALTER VIEW journal RENAME TO every_line;
    CREATE VIEW counted_lines AS
    SELECT *, CASE WHEN schema = ${literal(SCHEMA)} THEN true ELSE nextval('${SKIPPED}') IS NULL END AS counted
    FROM every_line;
    CREATE VIEW journal AS
    SELECT ${columns.map((name) => `CASE WHEN counted THEN ${name} END AS ${name}`).join(", ")}
    FROM counted_lines
    WHERE counted`);
}

/** Lines of a file, as DuckDB reads them. */
export interface LineCounts {
  /** Of this schema. */
  readonly rows: number;
  readonly skipped: number;
}

/** The lines by file, if a query has skipped any; reads the files again only then. */
export async function countLinesByFile(connection: DuckDBConnection): Promise<ReadonlyMap<string, LineCounts>> {
  const met = await connection.runAndReadAll(
    `SELECT last_value FROM duckdb_sequences() WHERE sequence_name = '${SKIPPED}'`,
  );
  if (met.getRows()[0]?.[0] === null) return new Map();
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
 * Which of the files DuckDB cannot read, such as gzip files that it takes to be damaged though zlib does not, and why. Reads each alone.
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
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: `${memory_bytes}B`,
    temp_directory: "",
    threads: "1",
  });
  const connection = await instance.connect();
  const interrupt = () => connection.interrupt();
  signal.addEventListener("abort", interrupt);
  try {
    for (const file of files) {
      signal.throwIfAborted();
      await connection
        .run(`SELECT count(schema) FROM read_json(${literal(file)}, ${JSON_LINES}, columns = {schema: 'VARCHAR'})`)
        .catch((error) => {
          // Not for lack of memory.
          if (messageOf(error).startsWith("IO Error: ")) unreadable.set(file, firstLine(error));
        });
    }
    signal.throwIfAborted();
    return unreadable;
  } finally {
    signal.removeEventListener("abort", interrupt);
    connection.closeSync();
    instance.closeSync();
  }
}

const JSON_LINES = "format = 'newline_delimited', records = true, ignore_errors = true, hive_partitioning = false";
