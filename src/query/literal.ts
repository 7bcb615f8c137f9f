/** A value as SQL writes it. */
export type Literal = string | number | readonly string[];

/** The SQL literal of a value. */
export function literal(value: Literal): string {
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return textLiteral(value);
  return `[${value.map(literal).join(", ")}]`;
}

/** For DuckDB, a NUL would be the end of the statement. */
function textLiteral(text: string): string {
  const parts = text.split("\0").map((part) => `'${part.replaceAll("'", "''")}'`);
  return parts.length === 1 ? `${parts[0]}` : `(${parts.join(" || chr(0) || ")})`;
}

/** SQL that reads the rows of Parquet files: what their folders are called makes no columns of them. */
export function parquetSource(paths: string | readonly string[]): string {
  return `read_parquet(${literal(paths)}, hive_partitioning = false)`;
}

/** A name as SQL writes it. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
