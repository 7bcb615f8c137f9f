/** A value as SQL writes it. */
export type Literal = string | number | readonly string[];

/** The SQL literal of a value. */
export function literal(value: Literal): string {
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return `'${value.replaceAll("'", "''")}'`;
  return `[${value.map(literal).join(", ")}]`;
}

/** A name as SQL writes it. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
