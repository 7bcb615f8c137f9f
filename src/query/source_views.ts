import type { DuckDBConnection } from "@duckdb/node-api";
import { SCHEMA } from "@sessionlog/protocol/gen/limits";
import { readViews } from "./catalog.js";
import { identifier, literal, parquetSource } from "./literal.js";

/** Where the rows are, each in one file only; at least one file. */
export interface Source {
  /** JSON lines, plain or compressed. Absolute. */
  readonly files: readonly string[];
  /** Read in place of their segments. */
  readonly parquet: readonly { readonly path: string; readonly segment: string }[];
}

/** Counts lines that are not rows of this schema, as they are read. */
export const SKIPPED = "skipped_lines";

/**
 * Makes the views of views.sql, and those that they are put together from: `copied_rows`, and `line_rows` for a reader that has no
 * conditions of its own.
 */
export async function createSourceViews(connection: DuckDBConnection, { files, parquet }: Source): Promise<void> {
  // Of what is compacted as a whole the lines are not read: the view of them is replaced below.
  const lines = files.length > 0 ? files : parquet.map(({ segment }) => segment);
  await connection.run(`SET VARIABLE files = ${literal(lines)}`);
  await connection.run(readViews());
  const names = await connection.runAndReadAll("SELECT column_name FROM duckdb_columns() WHERE table_name = 'journal'");
  const columns = names.getRows().map(([name]) => String(name));
  await countSkippedLines(connection, columns);
  const all = columns.map(identifier).join(", ");
  // The schema is not read: it is the same in all of them.
  const copied = columns.map((name) => (name === "schema" ? `${literal(SCHEMA)} AS schema` : identifier(name)));
  const copies =
    parquet.length === 0
      ? `SELECT ${all} FROM counted_lines WHERE false`
      : `SELECT ${copied.join(", ")} FROM ${parquetSource(parquet.map(({ path }) => path))}`;
  const has_lines = files.length > 0;
  const rows = [...(parquet.length > 0 ? ["copied_rows"] : []), ...(has_lines ? ["counted_rows"] : [])];
  await connection.run(`
    CREATE VIEW copied_rows AS ${copies};
    CREATE VIEW line_rows AS SELECT ${all} FROM ${has_lines ? "counted_lines WHERE counted" : "copied_rows WHERE false"};
    CREATE OR REPLACE VIEW journal AS ${rows.map((view) => `SELECT ${all} FROM ${view}`).join(" UNION ALL ")}`);
}

/**
 * Puts a counter below the view `sessions`: a sequence that each line of another schema moves on. It has to see every line, whatever a
 * query asks for. DuckDB moves a query's conditions down to where the lines are read, past a filter, but not past a value that differs
 * each time (`counted`), when the columns that they use depend on it. So each column does: 5 % more time, so that those who ask for all
 * lines ask `counted_lines`.
 */
async function countSkippedLines(connection: DuckDBConnection, columns: readonly string[]): Promise<void> {
  const counted = columns.map(identifier).map((name) => `CASE WHEN counted THEN ${name} END AS ${name}`);
  await connection.run(`
    CREATE SEQUENCE ${SKIPPED};
    ALTER VIEW journal RENAME TO every_line;
    CREATE VIEW counted_lines AS
    SELECT *, CASE WHEN schema = ${literal(SCHEMA)} THEN true ELSE nextval('${SKIPPED}') IS NULL END AS counted
    FROM every_line;
    CREATE VIEW counted_rows AS SELECT ${counted.join(", ")} FROM counted_lines WHERE counted`);
}
