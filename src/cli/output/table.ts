import { cutToWidth, type Terminal, textWidth } from "./terminal.js";
import { oneLine } from "./text.js";

/** A table of texts; undefined cells stand for NULL. */
export interface Table {
  readonly columns: readonly { readonly name: string; readonly numeric: boolean }[];
  readonly rows: readonly (readonly (string | undefined)[])[];
}

const GAP = "  ";
/** Columns of text are not cut below this. */
const TEXT_COLUMNS_MIN = 10;

/** The table as lines within the terminal's width: long texts are cut; with too many columns, each cell gets a line. */
export function printTable({ columns, rows }: Table, terminal: Terminal): string {
  const { width = Number.POSITIVE_INFINITY } = terminal;
  const cells = rows.map((row) =>
    row.map((cell) => (cell === undefined ? undefined : cutToWidth(oneLine(cell), width))),
  );
  const natural = columns.map(({ name }, index) =>
    Math.max(textWidth(oneLine(name)), ...sizes(cells.map((row) => row[index]))),
  );
  const widths = fitWidths(columns, natural, terminal.width);
  if (widths === undefined) return printRecords({ columns, rows: cells }, terminal);
  const paint = painter(terminal);
  const line = (texts: readonly (string | undefined)[], style: "bold" | undefined) =>
    texts
      .map((text, index) => {
        const width = widths[index] ?? 0;
        const shown = cutToWidth(text ?? "null", width);
        const space = " ".repeat(width - textWidth(shown));
        const painted = paint(shown, text === undefined ? "dim" : style);
        if (columns[index]?.numeric === true) return space + painted;
        return index === texts.length - 1 ? painted : painted + space;
      })
      .join(GAP)
      .trimEnd();
  const header = line(
    columns.map(({ name }) => oneLine(name)),
    "bold",
  );
  const rule = paint(widths.map((width) => "─".repeat(width)).join(GAP), "dim");
  const body = cells.length === 0 ? [paint("(no rows)", "dim")] : cells.map((row) => line(row, undefined));
  return `${[header, rule, ...body].join("\n")}\n`;
}

function sizes(texts: readonly (string | undefined)[]): readonly number[] {
  let most = 0;
  for (const text of texts) most = Math.max(most, text === undefined ? 4 : textWidth(text));
  return [most];
}

/** Widths with which all columns fit: the widest texts are cut first, numbers never. Undefined when there are none. */
function fitWidths(
  columns: Table["columns"],
  natural: readonly number[],
  width: number | undefined,
): readonly number[] | undefined {
  if (width === undefined) return natural;
  const available = width - GAP.length * (columns.length - 1);
  const fixed = natural.map((each, index) => columns[index]?.numeric === true || each <= TEXT_COLUMNS_MIN);
  const total = (cap: number) =>
    natural.reduce((sum, each, index) => sum + (fixed[index] ? each : Math.min(each, cap)), 0);
  let cap = Math.max(TEXT_COLUMNS_MIN, ...natural);
  while (cap > TEXT_COLUMNS_MIN && total(cap) > available) cap -= 1;
  return total(cap) > available ? undefined : natural.map((each, index) => (fixed[index] ? each : Math.min(each, cap)));
}

function printRecords({ columns, rows }: Table, terminal: Terminal): string {
  const paint = painter(terminal);
  const names = columns.map(({ name }) => oneLine(name));
  const width = Math.max(0, ...names.map(textWidth));
  const records = rows.map((row) =>
    names
      .map((name, index) => {
        const space = " ".repeat(width - textWidth(name));
        const text = row[index];
        const room = Math.max(TEXT_COLUMNS_MIN, (terminal.width ?? Number.POSITIVE_INFINITY) - width - GAP.length);
        const shown = paint(cutToWidth(text ?? "null", room), text === undefined ? "dim" : undefined);
        return `${paint(name, "bold")}${space}${GAP}${shown}\n`;
      })
      .join(""),
  );
  return records.length === 0 ? `${paint("(no rows)", "dim")}\n` : records.join("\n");
}

function painter({ colours }: Terminal) {
  const codes = { bold: 1, dim: 2 };
  return (text: string, style: "bold" | "dim" | undefined): string =>
    colours && style !== undefined ? `\u001b[${codes[style]}m${text}\u001b[0m` : text;
}
