import { cutToWidth, paint, type Terminal, textWidth } from "./terminal.js";
import { oneLine } from "./text.js";

/** A table of texts; undefined cells stand for NULL. */
export interface Table {
  readonly columns: readonly { readonly name: string; readonly numeric: boolean }[];
  readonly rows: readonly (readonly (string | undefined)[])[];
}

const GAP = "  ";
/** Columns of text are not cut below this. */
const TEXT_WIDTH_MIN = 10;
const HEADING_LINES_MAX = 3;
/** Left out in this order when a table is too wide: other columns say more. */
const LESS_WANTED = ["provider", "example"];

/**
 * The table as lines. One that is wider than the terminal gets, as far as needed: headings broken at "_", ids and times shortened, fewer
 * columns, and texts that are cut, the longest first. What is wider even so, each row line by line.
 */
export function printTable({ columns, rows }: Table, terminal: Terminal): string {
  const { width = Number.POSITIVE_INFINITY } = terminal;
  const all = columns.map((column, index) => {
    const name = oneLine(column.name);
    const cells = rows.map((row) => {
      const cell = row[index];
      return cell === undefined ? undefined : cutToWidth(oneLine(cell), width);
    });
    return { name, numeric: column.numeric, heading: [name], cells, width: Math.max(textWidth(name), widest(cells)) };
  });
  const shown = fitColumns(all, width);
  return shown === undefined ? printRecords(all, rows.length, terminal) : printColumns(shown, rows.length, terminal);
}

interface ShownColumn {
  readonly name: string;
  readonly numeric: boolean;
  /** Lines. */
  readonly heading: readonly string[];
  readonly cells: readonly (string | undefined)[];
  readonly width: number;
}

function widest(texts: readonly (string | undefined)[]): number {
  return texts.reduce((most, text) => Math.max(most, text === undefined ? 4 : textWidth(text)), 0);
}

/** The columns as they fit; undefined when they do not. */
function fitColumns(columns: readonly ShownColumn[], width: number): readonly ShownColumn[] | undefined {
  const fits = (shown: readonly ShownColumn[]) => sum(shown) + GAP.length * (shown.length - 1) <= width;
  if (fits(columns)) return columns;
  let shown = columns.map(breakHeading);
  if (!fits(shown))
    shown = columns.map((column) => breakHeading({ ...column, cells: column.cells.map(shorten(column)) }));
  for (const name of LESS_WANTED) if (!fits(shown)) shown = shown.filter((column) => column.name !== name);
  const isText = (column: ShownColumn) => !column.numeric && !isId(column) && column.width > TEXT_WIDTH_MIN;
  for (let cap = Math.max(...shown.map((column) => column.width)); !fits(shown); cap -= 1) {
    if (cap < TEXT_WIDTH_MIN) return undefined;
    shown = shown.map((column) => (isText(column) ? { ...column, width: Math.min(column.width, cap) } : column));
  }
  return shown;
}

const sum = (columns: readonly ShownColumn[]) => columns.reduce((total, column) => total + column.width, 0);
const isId = ({ name }: ShownColumn) => name.endsWith("_id");

const MARKS: Readonly<Record<string, string>> = {
  accepted: "✓",
  validation_failed: "✗",
  no_json: "∅",
  infra_error: "!",
};

/** What a narrow column shows of a cell: a session by 8 digits, a time to the minute, an attempt's verdict by its mark. */
function shorten({ name }: ShownColumn): (cell: string | undefined) => string | undefined {
  if (name === "session_id" || name === "span_id") return (cell) => cell?.slice(0, 8);
  if (name === "verdict_kind") return (cell) => cell && (MARKS[cell] ?? cell);
  return (cell) => cell?.replace(/^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d):\d\d(\.\d+)?Z?$/, "$1 $2");
}

/** The column with its heading on as few lines as its cells' width allows. */
function breakHeading(column: ShownColumn): ShownColumn {
  const words = column.name.split("_");
  let width = Math.max(widest(column.cells), ...words.map(textWidth));
  let heading = wrap(words, width);
  while (heading.length > HEADING_LINES_MAX) heading = wrap(words, ++width);
  return { ...column, heading, width };
}

function wrap(words: readonly string[], width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of words) {
    const joined = `${lines.at(-1)}_${word}`;
    if (lines.length > 0 && textWidth(joined) <= width) lines[lines.length - 1] = joined;
    else lines.push(word);
  }
  return lines;
}

function printColumns(columns: readonly ShownColumn[], rows: number, terminal: Terminal): string {
  const line = (textOf: (column: ShownColumn) => string | undefined, style: "bold" | undefined) =>
    columns
      .map((column, index) => {
        const text = textOf(column);
        const shown = cutToWidth(text ?? "null", column.width);
        const space = " ".repeat(column.width - textWidth(shown));
        const painted = paint(terminal, shown, text === undefined ? "dim" : style);
        if (column.numeric) return space + painted;
        return index === columns.length - 1 ? painted : painted + space;
      })
      .join(GAP)
      .trimEnd();
  const height = Math.max(...columns.map(({ heading }) => heading.length));
  const header = Array.from({ length: height }, (_, index) =>
    line(({ heading }) => heading[index - height + heading.length] ?? "", "bold"),
  );
  const rule = paint(terminal, columns.map(({ width }) => "─".repeat(width)).join(GAP), "dim");
  const body = Array.from({ length: rows }, (_, index) => line(({ cells }) => cells[index], undefined));
  return `${[...header, rule, ...(rows === 0 ? [paint(terminal, "(no rows)", "dim")] : body)].join("\n")}\n`;
}

function printRecords(columns: readonly ShownColumn[], rows: number, terminal: Terminal): string {
  const width = Math.max(0, ...columns.map(({ name }) => textWidth(name)));
  const room = Math.max(TEXT_WIDTH_MIN, (terminal.width ?? Number.POSITIVE_INFINITY) - width - GAP.length);
  const records = Array.from({ length: rows }, (_, index) =>
    columns
      .map(({ name, cells }) => {
        const space = " ".repeat(width - textWidth(name));
        const text = cells[index];
        return `${paint(terminal, name, "bold")}${space}${GAP}${paint(terminal, cutToWidth(text ?? "null", room), text === undefined ? "dim" : undefined)}\n`;
      })
      .join(""),
  );
  return records.length === 0 ? `${paint(terminal, "(no rows)", "dim")}\n` : records.join("\n");
}
