/**
 * What a journal is on disk. For `<dir>/<stem>.jsonl`:
 *
 *     <stem>.jsonl                     the active file: lines, each one JSON object and "\n", oldest first
 *     <stem>-<first>-<last>.jsonl      a sealed segment: the rows of these sequences, each of 20 digits; immutable
 *     <stem>-<first>-<last>.jsonl.gz   the same, compressed (.gz, .zst); while both are there, the plain one is whole
 *     <stem>-<first>-<last>.parquet    a copy of that segment's rows, for questions; may be removed at any time
 *     <stem>.sha256                    digests of the sealed segments, as sha256sum -c reads them
 *     <stem>.parquet.sha256            digests of the copies
 *     <stem>.jsonl.lock                held by the one writer while it runs; stays
 *     <stem>.maintenance.lock          held while sealed files or <stem>.sha256 are changed; stays
 *     <stem>.state                     {"first_sequence":F} or {"first_sequence":F,"next_sequence":N}, one line
 *     <stem>.jsonl.torn-<time>         what start cut off the active file, byte for byte
 *     <stem>.jsonl.torn-<time>.cut-<n> the same during the cut at byte n; start repeats it
 *     <name>.tmp                       incomplete; removed at start, that of a copy by the next compact
 *
 * The k-th non-blank line of the active file has the sequence F + k - 1. N is present after a clean stop, so that no
 * sequence is reused when the active file is removed while no service runs.
 */
import { basename, dirname, join } from "node:path";

export const NEWLINE = 0x0a;

/**
 * Most bytes of one group: the rows of one write and one sync. No more can be unsynced at the end of the active file, so
 * start repairs only as much of it.
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
  /** Of the Parquet copies. */
  readonly parquet_checksums: string;
  /** Held while sealed files or their checksums are changed. */
  readonly maintenance_lock: string;
}

/** Whether a path can be that of an active file: with a stem, and not the name of a sealed segment. */
export function isLogPath(path: string): boolean {
  return /[^/]\.jsonl$/.test(path) && parseSegmentName(basename(path)) === undefined;
}

/** The names that belong to a log's path, which ends in ".jsonl". */
export function journalNames(path: string): JournalNames {
  return namesOfStem(dirname(path), basename(path, ".jsonl"));
}

/** The names of the journal `stem` in a directory. */
export function namesOfStem(directory: string, stem: string): JournalNames {
  const inDirectory = (ending: string) => join(directory, `${stem}${ending}`);
  return {
    directory,
    stem,
    active: inDirectory(".jsonl"),
    lock: inDirectory(".jsonl.lock"),
    state: inDirectory(".state"),
    checksums: inDirectory(".sha256"),
    parquet_checksums: inDirectory(".parquet.sha256"),
    maintenance_lock: inDirectory(".maintenance.lock"),
  };
}

export const temporaryName = (path: string): string => `${path}.tmp`;

/** Whether a name is that of an incomplete file that start removes. */
export function isTemporary({ stem }: JournalNames, name: string): boolean {
  const final = name.slice(0, -".tmp".length);
  const segment = parseSegmentName(final);
  const twin = segment?.stem === stem && segment.compression !== undefined;
  const ours =
    [`${stem}.jsonl`, `${stem}.state`, `${stem}.sha256`].includes(final) || final.startsWith(`${stem}.jsonl.torn-`);
  return name.endsWith(".tmp") && (ours || twin);
}

/** Whether a name is that of an incomplete file of compact, which may be writing it. */
export function isParquetTemporary(names: JournalNames, name: string): boolean {
  const final = name.slice(0, -".tmp".length);
  const ours = parseParquetName(final)?.stem === names.stem || final === basename(names.parquet_checksums);
  return name.endsWith(".tmp") && ours;
}

/** The name of the sealed file of these rows, uncompressed. */
export function segmentName(names: JournalNames, first: number, last: number): string {
  return join(names.directory, `${names.stem}-${pad(first)}-${pad(last)}.jsonl`);
}

/** How a file is compressed, and the suffix of its name that tells it: the one list of them. */
const SUFFIXES = { gzip: ".gz", zstd: ".zst" } as const;
export type Compression = keyof typeof SUFFIXES;

/** The name of the compressed twin of a file. */
export const compressedName = (plain: string, compression: Compression): string => plain + SUFFIXES[compression];

/** How the file of a name is compressed; undefined: it is not. */
export function compressionOf(name: string): Compression | undefined {
  if (name.endsWith(SUFFIXES.gzip)) return "gzip";
  return name.endsWith(SUFFIXES.zstd) ? "zstd" : undefined;
}

/** The name without the suffix of a compression. */
export function plainName(name: string): string {
  const compression = compressionOf(name);
  return compression === undefined ? name : name.slice(0, -SUFFIXES[compression].length);
}

/** The name of the Parquet copy of a segment's rows. */
export function parquetName(names: JournalNames, first: number, last: number): string {
  return segmentName(names, first, last).replace(/\.jsonl$/, ".parquet");
}

/** A sealed segment's name, parsed. */
export interface SegmentName {
  readonly stem: string;
  readonly first: number;
  readonly last: number;
  /** Undefined: it is not compressed. */
  readonly compression: Compression | undefined;
}

const SEGMENT_NAME = /^(.+)-(\d{20})-(\d{20})\.jsonl$/;

/** Reads the name of a sealed segment; undefined for any other name, and for an impossible range of sequences. */
export function parseSegmentName(name: string): SegmentName | undefined {
  const [, stem, ...range] = SEGMENT_NAME.exec(plainName(name)) ?? [];
  const [first, last] = [Number(range[0]), Number(range[1])];
  const possible = first >= 1 && last >= first && Number.isSafeInteger(last);
  return stem !== undefined && possible ? { stem, first, last, compression: compressionOf(name) } : undefined;
}

/** Reads the name of a Parquet copy; undefined for any other name. */
export function parseParquetName(name: string): SegmentName | undefined {
  return name.endsWith(".parquet") ? parseSegmentName(name.replace(/\.parquet$/, ".jsonl")) : undefined;
}

/** Whether a name has the form of a sealed segment's, with any range. */
export const isSegmentLike = (name: string): boolean => SEGMENT_NAME.test(plainName(name));

const pad = (sequence: number): string => String(sequence).padStart(20, "0");

/** Where the cut-off end of the active file is kept; `time` in milliseconds since 1970. */
export function tornName(names: JournalNames, time: number): string {
  return `${names.active}.torn-${new Date(time).toISOString().replaceAll(/[-:]/g, "")}`;
}

export const cutName = (torn: string, offset: number): string => `${torn}.cut-${offset}`;

/** The torn file's final name and the cut's offset in bytes; undefined for a name other than a pending cut's. */
export function parseCutName(name: string): { readonly torn: string; readonly offset: number } | undefined {
  const match = /^(.+\.torn-[^.]+\.\d+Z)\.cut-(\d+)$/.exec(name);
  return match?.[1] === undefined ? undefined : { torn: match[1], offset: Number(match[2]) };
}

/** The content of `<stem>.state`. */
export interface StateFile {
  /** Sequence of the active file's first row. */
  readonly first_sequence: number;
  /** Sequence of the next row; known after a clean stop only. */
  readonly next_sequence?: number;
}

export function printStateFile(state: StateFile): string {
  return `${JSON.stringify(state)}\n`;
}

/** The state that the text contains; undefined when it contains none. */
export function parseStateFile(text: string): StateFile | undefined {
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
