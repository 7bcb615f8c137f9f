import { csvSource } from "./csv_file.js";
import { identifier, literal, parquetSource } from "./literal.js";

/** A file of rows that a query joins with the sessions. */
export interface TableFile {
  /** The name of its view. */
  readonly name: string;
  /** The join column, as the query names it. */
  readonly column: string;
  /** The same, as the file names it. */
  readonly file_column: string;
  /** Absolute. Parquet or CSV by its ending (.parquet, .csv, .tsv, these two maybe with .gz), else JSON lines. */
  readonly path: string;
}

/**
 * The statement that makes the file's view: the column as text, and `record`, the whole row as JSON. Nothing is guessed from
 * what the values look like: an id such as 0012 or a UUID stays as it is written.
 */
export function createTableView({ name, column, file_column, path }: TableFile): string {
  const [file, as, key] = [literal(path), identifier(column), identifier(file_column)];
  const source = tableSource(path);
  if (source !== undefined) return view(name, `r.${key}::VARCHAR AS ${as}, to_json(r)`, source);
  const field = literal(`$.${identifier(file_column)}`);
  return view(
    name,
    `json ->> ${field} AS ${as}, json`,
    `read_json_objects(${file}, format = 'auto', hive_partitioning = false)`,
  );
}

/** What reads a file that has columns; undefined for JSON. */
export function tableSource(path: string): string | undefined {
  if (/\.parquet$/i.test(path)) return parquetSource(path);
  return /\.[ct]sv(\.gz)?$/i.test(path) ? csvSource(path) : undefined;
}

function view(name: string, columns: string, source: string): string {
  return `CREATE VIEW ${identifier(name)} AS SELECT ${columns} AS record FROM ${source} AS r`;
}
