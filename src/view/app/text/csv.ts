import type { Column, Json } from "../../api.js";

/** An answer as CSV (RFC 4180); objects and lists as JSON. Texts that a spreadsheet would run as formulas get a ' before them. */
export function csvOf(columns: readonly Column[], rows: readonly (readonly Json[])[]): string {
  const lines = [columns.map(({ name }) => name), ...rows];
  return lines.map((line) => `${line.map(cell).join(",")}\r\n`).join("");
}

function cell(value: Json): string {
  if (value === null) return "";
  if (typeof value !== "string") return quoted(JSON.stringify(value));
  return quoted(/^[=+\-@\t\r]/.test(value) ? `'${value}` : value);
}

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
