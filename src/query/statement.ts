import { tmpdir } from "node:os";
import type { DuckDBConnection, DuckDBPreparedStatement } from "@duckdb/node-api";
import { type Column, createColumn, type Row } from "./columns.js";
import { StatementType } from "./duckdb.js";
import { messageOf, SqlError } from "./errors.js";

export interface Answer {
  readonly columns: readonly Column[];
  /** The rows as they come, some at a time. */
  batches(): AsyncIterable<readonly Row[]>;
}

const READ_WORDS = /^[\s(;]*(select|with|from|values|table|describe|desc|show|summarize|explain|pivot|unpivot)\b/i;
const ONLY_SELECT = "only one SELECT is allowed here (or DESCRIBE, SUMMARIZE, VALUES, EXPLAIN of one)";

/**
 * Prepares a read-only statement.
 *
 * @throws SqlError when it is invalid, with the place, or another kind of statement
 */
export async function prepareSelect(connection: DuckDBConnection, sql: string): Promise<DuckDBPreparedStatement> {
  // DuckDB would abort the process: it cannot create its log's directory.
  if (/enable_logging/i.test(sql)) throw new SqlError("enable_logging is not allowed here");
  if (isEmpty(sql)) throw new SqlError("there is no SQL");
  const statement = await prepareOne(connection, sql).catch((error: unknown) => {
    // DuckDB's message would be about what the statement is for, such as a table to be dropped that is not there.
    const isAboutNames = /^(Catalog|Binder) Error/.test(messageOf(error));
    throw isAboutNames && !READ_WORDS.test(withoutComments(sql)) ? new SqlError(ONLY_SELECT) : error;
  });
  if (statement.statementType === StatementType.SELECT) return statement;
  const explained = /^\s*explain\s+(analyze\s+)?(\([^()]*\)\s*)?(.*)$/is.exec(sql)?.[3];
  if (statement.statementType === StatementType.EXPLAIN && explained !== undefined) {
    const inner = await prepareOne(connection, explained);
    if (inner.statementType === StatementType.SELECT) return statement;
  }
  throw new SqlError(`${StatementType[statement.statementType]} is not allowed: ${ONLY_SELECT}`);
}

async function prepareOne(connection: DuckDBConnection, sql: string): Promise<DuckDBPreparedStatement> {
  try {
    const statements = await connection.extractStatements(sql);
    if (statements.count === 1) return await statements.prepare(0);
    throw new SqlError(`${statements.count} statements: ${ONLY_SELECT}`);
  } catch (error) {
    throw error instanceof SqlError
      ? error
      : new SqlError(messageOf(error).replace(/^Failed to extract statements: /, ""));
  }
}

/**
 * Prepares a COPY of a SELECT's rows to a Parquet file.
 *
 * @param select has been prepared by `prepareSelect`, so that it cannot be more than one statement
 * @throws SqlError
 */
export async function prepareCopy(
  connection: DuckDBConnection,
  select: string,
  target: string,
): Promise<DuckDBPreparedStatement> {
  const copy = (sql: string) =>
    prepareOne(connection, `COPY (\n${sql}\n) TO ${target} (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)`);
  let failure: unknown;
  for (const sql of withoutSemicolon(select)) {
    try {
      const statement = await copy(sql);
      if (statement.statementType === StatementType.COPY) return statement;
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure ?? new SqlError(ONLY_SELECT);
}

/** The statement, then the statement without each of its semicolons: the one at its end cannot stand in brackets, and a comment may follow it. */
function* withoutSemicolon(sql: string): Generator<string> {
  yield sql;
  for (let at = sql.lastIndexOf(";"); at >= 0; at = at === 0 ? -1 : sql.lastIndexOf(";", at - 1)) {
    yield `${sql.slice(0, at)} ${sql.slice(at + 1)}`;
  }
}

/** Whether there is nothing but comments. */
function isEmpty(sql: string): boolean {
  return withoutComments(sql).replaceAll(";", "").trim() === "";
}

function withoutComments(sql: string): string {
  return sql.replace(/--.*|\/\*[\s\S]*?\*\//g, "");
}

/**
 * Runs a SELECT.
 *
 * @throws SqlError; the signal's reason
 */
export async function selectRows(connection: DuckDBConnection, sql: string, signal: AbortSignal): Promise<Answer> {
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
}

/** DuckDB's message of a failing statement names the file or the place. */
export async function asSqlError<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const message = messageOf(error);
    // Its further lines name settings that cannot be set here.
    const memory = /^Out of Memory Error: [^\n]*/.exec(message)?.[0];
    throw new SqlError(memory === undefined ? message : `${memory}; see --memory, and the room in ${tmpdir()}`);
  }
}
