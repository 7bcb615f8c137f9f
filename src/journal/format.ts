/**
 * What a journal is on disk. For `<dir>/<stem>.jsonl`:
 *
 *     <stem>.jsonl                     the active file: lines, each one JSON object and "\n", oldest first
 *     <stem>-<first>-<last>.jsonl      a sealed segment: the rows of these sequences, each of 20 digits; closed for ever
 *     <stem>-<first>-<last>.jsonl.gz   the same, gzipped; while both are there, either is whole
 *     <stem>.sha256                    digests of the sealed segments, as sha256sum -c reads them
 *     <stem>.jsonl.lock                held by the one writer while it runs; stays
 *     <stem>.state                     {"first_sequence":F} or {"first_sequence":F,"next_sequence":N}, one line
 *     <stem>.jsonl.torn-<time>         what start cut off the active file, byte for byte
 *     <stem>.jsonl.torn-<time>.cut-<n> the same while the cut at byte n is under way; start carries it out again
 *     <name>.tmp                       half written; removed at start
 *
 * The k-th non-blank line of the active file has the sequence F + k - 1. N is there after a clean stop, so that
 * numbers are not given again when the active file is taken away while nobody runs.
 */
import { basename, dirname, join } from "node:path";

export const NEWLINE = 0x0a;

/**
 * Bytes of one group at most: the rows of one write and one sync. No more than this can be unsynced in the active
 * file, so start needs to distrust no more than this much of its end.
 */
export const GROUP_BYTES_MAX = 8 * 1024 * 1024;

/** The names of one journal's files. */
export interface JournalNames {
  readonly directory: string;
  readonly stem: string;
  readonly active: string;
  readonly lock: string;
  readonly state: string;
  readonly checksums: string;
}

/** The names that belong to a log's path, which ends in ".jsonl". */
export function journalNames(path: string): JournalNames {
  const directory = dirname(path);
  const stem = basename(path, ".jsonl");
  return {
    directory,
    stem,
    active: path,
    lock: `${path}.lock`,
    state: join(directory, `${stem}.state`),
    checksums: join(directory, `${stem}.sha256`),
  };
}

export const temporaryName = (path: string): string => `${path}.tmp`;

/** Whether a file name is one that this journal gives to what is half written. */
export function isTemporary(names: JournalNames, name: string): boolean {
  const { stem } = names;
  const ours = [`${stem}.state`, `${stem}.sha256`].includes(name.slice(0, -4));
  const digits = "[0-9]{20}";
  const numbered =
    name.startsWith(`${stem}-`) &&
    new RegExp(`^${digits}-${digits}\\.jsonl\\.gz$`).test(name.slice(stem.length + 1, -4));
  return name.endsWith(".tmp") && (ours || numbered || name.startsWith(`${stem}.jsonl.torn-`));
}

/** The name of the sealed file of these rows, uncompressed. */
export function segmentName(names: JournalNames, first: number, last: number): string {
  return join(names.directory, `${names.stem}-${pad(first)}-${pad(last)}.jsonl`);
}

export const gzipName = (plain: string): string => `${plain}.gz`;

/** What a file name says of a sealed segment, or undefined when it is no such name. */
export function parseSegmentName(
  stem: string,
  name: string,
): { readonly first: number; readonly last: number; readonly compressed: boolean } | undefined {
  if (!name.startsWith(`${stem}-`)) return undefined;
  const match = /^(\d{20})-(\d{20})\.jsonl(\.gz)?$/.exec(name.slice(stem.length + 1));
  if (match === null) return undefined;
  const [, first, last, gz] = match;
  const range = { first: Number(first), last: Number(last), compressed: gz !== undefined };
  return range.first >= 1 && range.last >= range.first && Number.isSafeInteger(range.last) ? range : undefined;
}

const pad = (sequence: number): string => String(sequence).padStart(20, "0");

/** Where the cut-off end of the active file is kept; `time` in milliseconds since 1970. */
export function tornName(names: JournalNames, time: number): string {
  return `${names.active}.torn-${new Date(time).toISOString().replaceAll(/[-:]/g, "")}`;
}

export const cutName = (torn: string, offset: number): string => `${torn}.cut-${offset}`;

/** The torn file's final name and the cut's offset in bytes, when the name is that of a cut under way. */
export function parseCutName(name: string): { readonly torn: string; readonly offset: number } | undefined {
  const match = /^(.+\.torn-[^.]+\.\d+Z)\.cut-(\d+)$/.exec(name);
  return match?.[1] === undefined ? undefined : { torn: match[1], offset: Number(match[2]) };
}

/** The content of `<stem>.state`. */
export interface JournalPosition {
  /** Sequence of the active file's first row. */
  readonly first_sequence: number;
  /** Sequence of the next row; known after a clean stop only. */
  readonly next_sequence?: number;
}

export function printPosition(position: JournalPosition): string {
  return `${JSON.stringify(position)}\n`;
}

/** The position that the text says, or undefined when it says none. */
export function parsePosition(text: string): JournalPosition | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || !("first_sequence" in value)) return undefined;
  const { first_sequence } = value;
  const next_sequence = "next_sequence" in value ? value.next_sequence : undefined;
  if (!isSequence(first_sequence)) return undefined;
  if (next_sequence === undefined) return { first_sequence };
  return isSequence(next_sequence) && next_sequence >= first_sequence ? { first_sequence, next_sequence } : undefined;
}

function isSequence(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 1;
}
