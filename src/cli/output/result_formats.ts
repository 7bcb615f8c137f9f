import type { Column, Row } from "../../query/index.js";
import { printTable } from "./table.js";
import type { Terminal } from "./terminal.js";
import { oneLine } from "./text.js";

/** Prints a result piece by piece. */
export interface ResultFormat {
  begin(): string;
  rows(rows: readonly Row[]): string;
  end(): string;
}

export const FORMAT_NAMES = ["table", "json", "jsonl", "csv", "markdown", "parquet"] as const;
/** `csv-safe` is CSV whose texts that a spreadsheet would run as formulas have "'" before them. */
export type FormatName = (typeof FORMAT_NAMES)[number] | "csv-safe";

/** A table is kept in memory until its last row, since its columns are as wide as their widest cell. */
export const TABLE_ROWS_MAX = 10_000;

/** How a result with these columns is printed; Parquet is written by DuckDB itself. */
export function createResultFormat(
  name: Exclude<FormatName, "parquet">,
  columns: readonly Column[],
  terminal: Terminal,
): ResultFormat {
  switch (name) {
    case "json":
      return json(columns);
    case "jsonl":
      return {
        begin: () => "",
        rows: (rows) => rows.map((row) => `${object(columns, row)}\n`).join(""),
        end: () => "",
      };
    case "csv":
      return csv(columns, false);
    case "csv-safe":
      return csv(columns, true);
    case "markdown":
      return markdown(columns);
    case "table":
      return table(columns, terminal);
  }
}

function object(columns: readonly Column[], row: Row): string {
  const entries = columns.map(({ name, json }, index) => `${JSON.stringify(name)}:${json(row[index] ?? null)}`);
  return `{${entries.join(",")}}`;
}

function texts(columns: readonly Column[], row: Row): readonly (string | undefined)[] {
  return columns.map(({ text }, index) => text(row[index] ?? null));
}

function json(columns: readonly Column[]): ResultFormat {
  let between = "\n";
  return {
    begin: () => "[",
    rows(rows) {
      let text = "";
      for (const row of rows) {
        text += between + object(columns, row);
        between = ",\n";
      }
      return text;
    },
    end: () => "\n]\n",
  };
}

/** RFC 4180, but with "\n" at the ends of lines; NULL is empty, and an empty text is quoted. */
function csv(columns: readonly Column[], safe: boolean): ResultFormat {
  const harmless = (text: string | undefined, column: Column | undefined) =>
    safe && column?.numeric !== true ? text?.replace(FORMULA, "'$&") : text;
  const field = (text: string | undefined) => {
    if (text === undefined) return "";
    return text === "" || /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const line = (fields: readonly (string | undefined)[]) => `${fields.map(field).join(",")}\n`;
  return {
    begin: () => line(columns.map(({ name }) => name)),
    rows: (rows) =>
      rows.map((row) => line(texts(columns, row).map((text, index) => harmless(text, columns[index])))).join(""),
    end: () => "",
  };
}

/** What a cell begins with that spreadsheets run, some of them after blanks. */
const FORMULA = /^\s*[=+\-@\t\r]/;

function markdown(columns: readonly Column[]): ResultFormat {
  const cell = (text: string | undefined) => oneLine(text ?? "").replaceAll(/[\\|]/g, "\\$&");
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return {
    begin: () =>
      line(columns.map(({ name }) => cell(name))) + line(columns.map(({ numeric }) => (numeric ? "--:" : "---"))),
    rows: (rows) => rows.map((row) => line(texts(columns, row).map(cell))).join(""),
    end: () => "",
  };
}

function table(columns: readonly Column[], terminal: Terminal): ResultFormat {
  const kept: (readonly (string | undefined)[])[] = [];
  let left_out = 0;
  return {
    begin: () => "",
    rows(rows) {
      for (const row of rows) {
        if (kept.length < TABLE_ROWS_MAX) kept.push(texts(columns, row));
        else left_out += 1;
      }
      return "";
    },
    end: () =>
      printTable({ columns, rows: kept }, terminal) +
      (left_out === 0 ? "" : `… and ${left_out} more rows; another --format prints them all\n`),
  };
}
