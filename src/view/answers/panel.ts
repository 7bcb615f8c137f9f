import type { NamedQuery } from "../../query/catalog.js";
import type { Literal, Select } from "../../query/index.js";
import type { Json, Panel } from "../api.js";
import { BadRequest, one } from "../filter.js";

/** Of the JSON of a panel's rows. */
const CHARACTERS_MAX = 16 * 1024 * 1024;

/** The rows of a panel, as JSON values. */
export async function readTable(
  select: Select,
  sql: string,
  rows_max: number,
): Promise<Pick<Panel, "columns" | "rows" | "truncated">> {
  const { columns, batches } = await select(sql);
  const rows: (readonly Json[])[] = [];
  let characters = 0;
  for await (const batch of batches()) {
    for (const row of batch) {
      const texts = columns.map(({ json }, index) => json(row[index] ?? null));
      for (const text of texts) characters += text.length;
      if (rows.length === rows_max || characters > CHARACTERS_MAX) {
        return { columns: columns.map(plain), rows, truncated: true };
      }
      rows.push(texts.map((text) => JSON.parse(text)));
    }
  }
  return { columns: columns.map(plain), rows, truncated: false };
}

const plain = ({ name, numeric }: Panel["columns"][number]) => ({ name, numeric });

/**
 * The values of a query's parameters in a request; files are those that the viewer was started with.
 *
 * @param tables names of these
 * @throws BadRequest
 */
export function parseParameters(
  { name: query_name, parameters }: NamedQuery,
  query: URLSearchParams,
  tables: readonly string[],
): Readonly<Record<string, Literal>> {
  const values: Record<string, Literal> = {};
  for (const { name, type, choices, required } of parameters) {
    if (type === "file") {
      if (!tables.includes(name)) {
        throw new BadRequest(`${query_name}: start sessionlog view with --${name.replaceAll("_", "-")}`);
      }
      continue;
    }
    const text = one(query, name);
    if (text === undefined) {
      if (required) throw new BadRequest(`${name}: ${query_name} needs it`);
      continue;
    }
    if (type === "integer" && !/^\d{1,9}$/.test(text)) throw new BadRequest(`${name}: expected a whole number`);
    if (type === "number" && !/^\d{1,9}(\.\d{1,9})?$/.test(text)) throw new BadRequest(`${name}: expected a number`);
    if (type === "choice" && !choices.includes(text)) {
      throw new BadRequest(`${name}: expected one of ${choices.join(", ")}`);
    }
    values[name] = type === "integer" || type === "number" ? Number(text) : text;
  }
  return values;
}
