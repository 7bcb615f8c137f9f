import { basename } from "node:path";
import type { Disk } from "../disk/disk.js";
import { errorText } from "../disk/errors.js";
import { compressionOf, isParquetTemporary, isTemporary, type JournalNames, parseCutName } from "../format.js";
import { type Checksums, readChecksums } from "../sealed/checksums.js";
import {
  findDisorder,
  lastSequence,
  listSegments,
  type Segment,
  segmentPaths,
  segmentsAmong,
} from "../sealed/segments.js";
import { createFindings, type Finding, type Findings } from "./findings.js";
import { inspectActive } from "./inspect_active.js";
import { inspectChecksums } from "./inspect_checksums.js";
import { inspectCopies } from "./inspect_copies.js";
import { type OnNumberedLine, readSealed, type SealedContent } from "./inspect_rows.js";
import { takeSnapshot } from "./snapshot.js";

/** A non-blank line of a journal. */
export interface InspectedLine {
  /** Without its "\n"; undefined when it is longer than 16 MiB; lent for the call only. */
  readonly bytes: Buffer | undefined;
  /** Name of its file. */
  readonly file: string;
  /** From 1. */
  readonly number: number;
  /** Whether a "\n" ended it. */
  readonly ended: boolean;
}

export interface InspectOptions {
  readonly disk: Disk;
  readonly names: JournalNames;
  /** Called with every row, in the order of the sequences. */
  readonly onLine: (line: InspectedLine) => void;
  readonly onFinding: (finding: Finding) => void;
  /** Awaited between blocks: reading pauses until it resolves. */
  readonly rest: () => Promise<void>;
  readonly sleep: (ms: number) => Promise<void>;
}

export interface Inspected {
  /** Files with rows, including an existing active one. */
  readonly segments: number;
  readonly rows: number;
  /** Segments that have a Parquet copy beside them. */
  readonly copies: number;
  /** Those of the oldest and of the newest row; undefined when there is none. */
  readonly sequences: { readonly first: number; readonly last: number } | undefined;
}

/** Shared by the steps of an inspection. */
interface Inspection extends InspectOptions {
  readonly found: Findings;
}

/**
 * Reads a whole journal and changes nothing: names, order, rows, checksums, and what a crash left. A service may be
 * writing it meanwhile. `onLine` checks the rows. Memory is bounded by the longest line, at most 16 MiB.
 *
 * @throws the disk's error when the directory cannot be read
 */
export async function inspectJournal(options: InspectOptions): Promise<Inspected> {
  const { disk, names, rest } = options;
  const found = createFindings(options.onFinding);
  const inspection: Inspection = { ...options, found };
  const snapshot = await takeSnapshot(disk, names, options.sleep);
  try {
    const { segments, skipped, orphans } = segmentsAmong(snapshot.entries, names);
    for (const { path, message } of [...skipped, ...findDisorder(segments)]) found.problem(path, message);
    for (const path of orphans) found.note(path, "its segment is gone: nobody reads it; the next compact removes it");
    reportLeftovers(names, snapshot.present, found);
    const checksums = await inspectChecksums(disk, names, found);
    let rows = 0;
    for (const segment of segments) rows += await inspectSealed(inspection, segment, checksums);
    await inspectCopies(disk, names, segments, found, rest);
    const onLine = numberedLines(options, names.active);
    const active = await inspectActive({ names, snapshot, segments, found, onLine, rest });
    await rest();
    rows += active.rows;
    const first = segments[0]?.first ?? active.first_sequence;
    const last = Math.max(lastSequence(segments), active.first_sequence + active.rows - 1);
    return {
      segments: segments.length + (typeof snapshot.active === "object" ? 1 : 0),
      rows,
      copies: segments.filter(({ parquet }) => parquet !== undefined).length,
      sequences: rows === 0 ? undefined : { first, last },
    };
  } finally {
    if (typeof snapshot.active === "object") await snapshot.active.file.close();
  }
}

/** Reads one sealed segment; resolves with the number of its rows. */
async function inspectSealed(inspection: Inspection, segment: Segment, before: Checksums): Promise<number> {
  const { disk, names, found, rest } = inspection;
  const { first, last } = segment;
  const paths = segmentPaths(await refreshSegment(inspection, segment));
  const [path, ...twins] = paths;
  if (path === undefined) return 0;
  const listed = (checksums: Checksums) => paths.some((each) => checksums.has(basename(each)));
  // The segment may have been sealed or compressed since.
  const checksums = listed(before) ? before : await readChecksums(disk, names).catch(() => before);
  const content = await readOrReport(inspection, path, checksums, numberedLines(inspection, path));
  if (content !== undefined && content.rows !== last - first + 1) {
    found.problem(path, `expected ${last - first + 1} rows by its name, found ${content.rows}`);
  }
  for (const twin of twins) {
    const same = await readOrReport(inspection, twin, checksums, () => undefined);
    if (same !== undefined && content !== undefined) reportTwins([path, content], [twin, same], found);
  }
  if (!listed(checksums)) found.note(path, `has no checksum in ${basename(names.checksums)} yet`);
  await rest();
  return content?.rows ?? 0;
}

type ReadFile = readonly [path: string, content: SealedContent];

function reportTwins([path, content]: ReadFile, [twin, same]: ReadFile, found: Findings): void {
  if (same.lines_digest !== content.lines_digest) {
    found.problem(twin, `has other rows than ${basename(path)}`);
  } else {
    const then = compressionOf(path) === undefined ? "a service removes one of them" : "one of them is enough";
    found.note(twin, `${basename(path)} is there too and has the same rows; ${then}`);
  }
}

/** A service compresses segments, and removes the oldest. */
async function refreshSegment({ disk, names, found }: Inspection, segment: Segment): Promise<Segment> {
  const paths = segmentPaths(segment);
  const statuses = await Promise.all(paths.map((path) => disk.status(path)));
  if (!statuses.includes(undefined)) return segment;
  const { segments } = await listSegments(disk, names);
  const now = segments.find(({ first, last }) => first === segment.first && last === segment.last);
  if (now !== undefined) return now;
  const oldest = segments.every(({ first }) => first > segment.last);
  if (oldest) found.note(paths[0] ?? "", "was removed meanwhile, as the oldest");
  else found.problem(paths[0] ?? "", "was removed meanwhile");
  return { ...segment, plain: undefined, compressed: [] };
}

/** Undefined when it cannot be read, which is reported. */
async function readOrReport(
  { disk, names, found, rest }: Inspection,
  path: string,
  checksums: Checksums,
  onLine: OnNumberedLine,
): Promise<SealedContent | undefined> {
  const listed = checksums.get(basename(path))?.digest;
  let rows = 0;
  try {
    const counted: OnNumberedLine = (line, number, ended) => {
      rows++;
      onLine(line, number, ended);
    };
    const content = await readSealed(disk, path, counted, rest);
    if (listed !== undefined && listed !== content.digest) {
      found.problem(path, `does not match its checksum in ${basename(names.checksums)}`);
    }
    return content;
  } catch (error) {
    const where = rows === 0 ? "cannot be read" : `cannot be read after row ${rows}`;
    found.problem(path, `${where}: ${errorText(error)}`);
    return undefined;
  }
}

function reportLeftovers(names: JournalNames, present: readonly string[], found: Findings): void {
  for (const name of present) {
    if (isTemporary(names, name)) {
      found.note(name, "is incomplete: a service is writing it, or was when it ended; the next start removes it");
    } else if (isParquetTemporary(names, name)) {
      found.note(name, "is incomplete: compact is writing it, or was when it ended; the next one removes it");
    } else if (!name.startsWith(`${names.stem}.jsonl.torn-`)) {
    } else if (parseCutName(name) !== undefined) {
      found.problem(name, "contains rows that an interrupted repair has to restore; the next start completes it");
    } else {
      found.note(name, "was set aside by an earlier start");
    }
  }
}

function numberedLines({ onLine }: InspectOptions, path: string): OnNumberedLine {
  const file = basename(path);
  return (bytes, number, ended) => onLine({ bytes, file, number, ended });
}
