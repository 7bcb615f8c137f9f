import type { JournalReader } from "../../query/index.js";

/** A row of an answer. */
export type Fields = Readonly<Record<string, unknown>>;

/** Runs a SELECT over the views `sessions` and `attempts` and resolves with its rows; times must be texts. Rejects with SqlError. */
export type Ask = (sql: string) => Promise<readonly Fields[]>;

/** Asks a reader of a session log. The rows come as one JSON text, which is several times as fast as value by value. */
export function createAsk(select: JournalReader["select"]): Ask {
  return async (sql) => {
    const { columns, batches } = await select(
      `SELECT to_json(list(answer)) AS answer FROM (${sql.replace(/;\s*$/, "")}\n) AS answer`,
    );
    for await (const [row] of batches()) {
      const text = columns[0]?.text(row?.[0] ?? null);
      const rows: unknown = text === undefined ? [] : JSON.parse(text);
      return Array.isArray(rows) ? rows.map(Object) : [];
    }
    return [];
  };
}

/** A number of a row; 0 for NULL. */
export const numberOf = (value: unknown): number => Number(value ?? 0);
export const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
export const numberOrNull = (value: unknown): number | null => (typeof value === "number" ? value : null);
export const textOrNull = (value: unknown): string | null => (typeof value === "string" ? value : null);

/** A time as rows print it, in UTC, from what TIME_FORMAT made of it; null for none. */
export function timeOf(value: unknown): string | null {
  return typeof value === "string" ? `${value.replace(/\.?0+$/, "")}Z` : null;
}

/** SQL that makes a text of a time, for timeOf. Not by its time zone, which takes three times as long. */
export const timeSql = (expression: string): string =>
  `strftime(make_timestamp(epoch_us(${expression})), '%Y-%m-%dT%H:%M:%S.%f')`;
