import stringWidth from "string-width";
import type { CliContext } from "../context.js";
import { control } from "./terminal_output.js";

export interface Terminal {
  /** Columns of a line; undefined: nothing is cut. */
  readonly width: number | undefined;
  readonly colours: boolean;
}

/** What standard output is: no width and no colours unless it is a terminal. */
export function terminalOf({ stdout, env }: CliContext): Terminal {
  if (stdout.isTTY !== true) return { width: undefined, colours: false };
  // A terminal that does not know its width reports 0.
  return { width: stdout.columns || 80, colours: env.NO_COLOR === undefined };
}

const STYLES = { bold: 1, dim: 2, red: 31, green: 32 };
export type Style = keyof typeof STYLES;

/** The text in a style, where there are colours; for `toTerminal`. */
export function paint({ colours }: Terminal, text: string, style: Style | undefined): string {
  if (!colours || style === undefined || text === "") return text;
  return `${control(`\u001b[${STYLES[style]}m`)}${text}${control("\u001b[0m")}`;
}

const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: "grapheme" });
/** One column a character. Most texts are such, and string-width takes 30 µs for what is not ASCII. */
const PLAIN = /^[\u0020-\u007e\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u058f\u2010-\u2027\u2030-\u205e]*$/;

/** Columns that a line of text takes: ideographs and emoji take two, combining marks none. */
export function textWidth(text: string): number {
  return PLAIN.test(text) ? text.length : stringWidth(text);
}

/** Text of at most `width` columns; text that is cut ends with "…". Reads no more of it than fits. */
export function cutToWidth(text: string, width: number): string {
  // A UTF-16 unit takes at most two columns.
  if (text.length * 2 <= width) return text;
  let used = 0;
  let end = 0;
  for (const { segment, index } of GRAPHEMES.segment(text)) {
    used += textWidth(segment);
    if (used > width) return `${text.slice(0, end)}…`;
    if (used < width) end = index + segment.length;
  }
  return text;
}
