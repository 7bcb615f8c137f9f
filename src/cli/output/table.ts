import { cutToWidth, paint, type Terminal, textWidth } from "./terminal.js";
import { oneLine, VERDICT_MARKS } from "./text.js";

/** A table of texts; undefined cells stand for NULL. */
export interface Table {
  readonly columns: readonly { readonly name: string; readonly numeric: boolean }[];
  readonly rows: readonly (readonly (string | undefined)[])[];
}

/** Spaces between columns. */
const GAP = 2;
const TIGHT_GAP = 1;
/** Columns of text are not cut below this; those that explain something, below that. */
const TEXT_WIDTH_MIN = 10;
const REASON_WIDTH_MIN = 18;
const HEADING_LINES_MAX = 3;
/** Left out when nothing else helps. */
const NOT_NEEDED = ["span_id", "daemon", "duration_ms", "kind", "iterations"];

/**
 * The table as lines. One that is wider than the terminal gets, as far as needed: headings broken at "_", ids and times shortened, fewer
 * columns, texts that are cut, the longest first, and less space. What is wider even so, each row line by line.
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

interface Layout {
  readonly columns: readonly ShownColumn[];
  readonly gap: number;
}

/** The columns as they fit; undefined when they do not. */
function fitColumns(columns: readonly ShownColumn[], width: number): Layout | undefined {
  const whole = [...layouts(columns)];
  const roomy = whole.filter(({ gap }) => gap === GAP);
  const fitting = roomy.find((layout) => widthOf(layout) <= width);
  if (fitting !== undefined) return fitting;
  for (const layout of whole.slice(roomy.length - 1)) {
    const cut = cutTexts(layout, width);
    if (cut !== undefined) return cut;
  }
  return undefined;
}

/** Narrower and narrower. */
function* layouts(all: readonly ShownColumn[]): Generator<Layout> {
  yield { columns: all, gap: GAP };
  yield { columns: all.map(breakHeading), gap: GAP };
  let columns = all.map((column) => breakHeading(withCells(column, shorten(column))));
  yield { columns, gap: GAP };
  // Without models, a provider may be what the rows are of.
  const less_wanted = all.some(({ name }) => name === "model") ? ["provider", "example"] : ["example"];
  for (const name of less_wanted) {
    columns = columns.filter((column) => column.name !== name);
    yield { columns, gap: GAP };
  }
  columns = columns
    .filter(({ name, cells }) => name !== "running" || cells.includes("true"))
    .map((column) => breakHeading(withCells(column, (cell) => cell?.replace(/^\d{4}-(\d\d-\d\d\b)/, "$1"))));
  yield { columns, gap: TIGHT_GAP };
  for (const name of NOT_NEEDED) {
    columns = columns.filter((column) => column.name !== name);
    yield { columns, gap: TIGHT_GAP };
  }
}

const withCells = (column: ShownColumn, change: (cell: string | undefined) => string | undefined): ShownColumn => ({
  ...column,
  cells: column.cells.map(change),
});

function widthOf({ columns, gap }: Layout): number {
  return columns.reduce((total, { width }) => total + width, 0) + gap * (columns.length - 1);
}

/** Cuts texts, the longest first; undefined when that does not suffice. */
function cutTexts(layout: Layout, width: number): Layout | undefined {
  let cut = layout;
  for (let cap = Math.max(...layout.columns.map((column) => column.width)); widthOf(cut) > width; cap -= 1) {
    if (cap < TEXT_WIDTH_MIN) return undefined;
    const columns = layout.columns.map((column) => ({
      ...column,
      width: Math.min(column.width, Math.max(cap, widthMin(column))),
    }));
    cut = { ...layout, columns };
  }
  return cut;
}

/** Numbers, ids and times are never cut. */
function widthMin({ name, numeric, width }: ShownColumn): number {
  if (numeric || name.endsWith("_id") || /^(timestamp|week)$/.test(name)) return width;
  return /^(reason|error)$|refusal$/.test(name) ? REASON_WIDTH_MIN : TEXT_WIDTH_MIN;
}

/** What a narrow column shows of a cell: a session by 8 digits, a time to the minute, a verdict by its mark. */
function shorten({ name }: ShownColumn): (cell: string | undefined) => string | undefined {
  if (name === "session_id" || name === "span_id") return (cell) => cell?.slice(0, 8);
  if (name === "verdict_kind") return (cell) => cell && (VERDICT_MARKS[cell] ?? cell);
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

function printColumns({ columns, gap }: Layout, rows: number, terminal: Terminal): string {
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
      .join(" ".repeat(gap))
      .trimEnd();
  const height = Math.max(...columns.map(({ heading }) => heading.length));
  const header = Array.from({ length: height }, (_, index) =>
    line(({ heading }) => heading[index - height + heading.length] ?? "", "bold"),
  );
  const rule = paint(terminal, columns.map(({ width }) => "─".repeat(width)).join(" ".repeat(gap)), "dim");
  const body = Array.from({ length: rows }, (_, index) => line(({ cells }) => cells[index], undefined));
  return `${[...header, rule, ...(rows === 0 ? [paint(terminal, "(no rows)", "dim")] : body)].join("\n")}\n`;
}

function printRecords(columns: readonly ShownColumn[], rows: number, terminal: Terminal): string {
  const width = Math.max(0, ...columns.map(({ name }) => textWidth(name)));
  const room = Math.max(TEXT_WIDTH_MIN, (terminal.width ?? Number.POSITIVE_INFINITY) - width - GAP);
  const records = Array.from({ length: rows }, (_, index) =>
    columns
      .map(({ name, cells }) => {
        const space = " ".repeat(width - textWidth(name));
        const text = cells[index];
        return `${paint(terminal, name, "bold")}${space}${" ".repeat(GAP)}${paint(terminal, cutToWidth(text ?? "null", room), text === undefined ? "dim" : undefined)}\n`;
      })
      .join(""),
  );
  return records.length === 0 ? `${paint(terminal, "(no rows)", "dim")}\n` : records.join("\n");
}
