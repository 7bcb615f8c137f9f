import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import {
  cleanParquet,
  compressionOf,
  errorText,
  type JournalNames,
  listSegments,
  nodeDisk,
  parquetName,
  readChecksums,
  type Segment,
  temporaryName,
  underMaintenanceLock,
} from "../../journal/index.js";
import { SPILL_BYTES_MAX } from "../database.js";
import { ReadError } from "../errors.js";
import { findJournal, readerPaths, sealedFile } from "../files.js";
import { chooseParquet } from "./choose_parquet.js";
import { compactSegment } from "./compact_segment.js";

export interface CompactOptions {
  /** A session log's directory or its active file. Absolute. */
  readonly path: string;
  readonly memory_bytes: number;
  /** Makes the copies that are there, and those of segments that were sealed a moment ago, too. */
  readonly force: boolean;
  /** Only finds out what there is to do. */
  readonly dry_run: boolean;
  /** Stops the work; what is named by then stays. */
  readonly signal: AbortSignal;
  readonly now_ms: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Called with files and folders to remove if this process is killed. */
  readonly onTemporary: (path: string) => void;
  /** Called before each segment that may be worked on. */
  readonly onSegment: (done: number, all: number) => void;
}

export interface CompactReport {
  /** Names of segments, or of those that would be compacted. */
  readonly compacted: readonly string[];
  readonly already: number;
  /** Names of segments that the next run takes, and why. */
  readonly later: readonly { readonly name: string; readonly why: string }[];
  readonly failed: readonly { readonly name: string; readonly why: string }[];
  /** Names of copies whose segment was gone. */
  readonly removed: readonly string[];
  /** Of all copies that are there. */
  readonly bytes: number;
}

/** A plain segment may be compressed yet, which changes its checksum. */
const SETTLED_MS = 600_000;
/** After a segment: the service may be waiting for the lock. */
const PAUSE_MS = 100;
/** Further segments would fail as well. */
const NO_SPACE = /ENOSPC|EDQUOT|No space left|quota exceeded/i;

/**
 * Makes a Parquet copy of each sealed segment that has none, oldest first, one at a time, beside a service.
 *
 * @throws ReadError when there is no session log, or it may not be changed; the signal's reason
 */
export async function compactJournal(options: CompactOptions): Promise<CompactReport> {
  const { signal, sleep, dry_run } = options;
  const names = await findJournal(options.path);
  const segments = await segmentsOf(names);
  await refuseRoot(segments);
  const locked = <T>(work: () => Promise<T>) => underMaintenanceLock(nodeDisk, names, sleep, signal, work);
  const removed = dry_run ? [] : await locked(() => cleanParquet(nodeDisk, names));
  const done = options.force ? new Set() : await findDone(await segmentsOf(names));
  const due = segments.filter(({ first, last }) => !done.has(parquetName(names, first, last)));
  const outcomes: Outcome[] = [];
  const spill_directory = await mkdtemp(join(tmpdir(), "sessionlog-compact-"));
  options.onTemporary(spill_directory);
  try {
    for (const [index, segment] of due.entries()) {
      options.onSegment(index, due.length);
      const work = () => compactRange(options, names, segment, spill_directory);
      const outcome = await (dry_run ? work() : locked(work)).catch((error) => {
        signal.throwIfAborted();
        return { kind: "failed", name: basename(fileOf(segment)), why: firstLine(error) } as const;
      });
      outcomes.push(outcome);
      if (outcome.kind === "failed" && NO_SPACE.test(outcome.why)) break;
      if (outcome.kind === "compacted" && !dry_run) await sleep(PAUSE_MS);
    }
  } finally {
    await rm(spill_directory, { recursive: true, force: true });
  }
  return {
    compacted: outcomes.flatMap(({ kind, name }) => (kind === "compacted" ? name : [])),
    already: done.size + outcomes.filter(({ kind }) => kind === "already").length,
    later: outcomes.flatMap((outcome) => (outcome.kind === "later" ? outcome : [])),
    failed: outcomes.flatMap((outcome) => (outcome.kind === "failed" ? outcome : [])),
    removed: removed.map((path) => basename(path)),
    bytes: await bytesOfCopies(names),
  };
}

type Outcome =
  | { readonly kind: "compacted" | "already" | "gone"; readonly name: string }
  | { readonly kind: "later" | "failed"; readonly name: string; readonly why: string };

async function compactRange(
  options: CompactOptions,
  names: JournalNames,
  { first, last }: Segment,
  spill_directory: string,
): Promise<Outcome> {
  const { force, dry_run, memory_bytes, signal, onTemporary } = options;
  // It may have been compressed or removed since it was listed, or compacted by another run.
  const segments = await listSegments(nodeDisk, names);
  const segment = segments.segments.find((each) => each.first === first && each.last === last);
  const target = parquetName(names, first, last);
  const [path] = segment === undefined ? [] : readerPaths(segment);
  if (segment === undefined || path === undefined) return { kind: "gone", name: basename(target) };
  const name = basename(path);
  if (!force && (await findDone([segment])).size > 0) return { kind: "already", name };
  const checksum = (await readChecksums(nodeDisk, names)).get(name);
  if (checksum === undefined)
    return { kind: "later", name, why: `has no checksum in ${basename(names.checksums)} yet` };
  if (!force && (await isYoung(path, options.now_ms()))) return { kind: "later", name, why: "was sealed a moment ago" };
  if (dry_run) return { kind: "compacted", name };
  onTemporary(temporaryName(target));
  const limits = { memory_bytes, spill_directory, spill_bytes: SPILL_BYTES_MAX };
  await compactSegment(names, { path, first, last, checksum }, target, limits, signal);
  return { kind: "compacted", name };
}

async function isYoung(path: string, now_ms: number): Promise<boolean> {
  const age_ms = now_ms - ((await nodeDisk.status(path))?.modified_ms ?? 0);
  return compressionOf(path) === undefined && age_ms >= 0 && age_ms < SETTLED_MS;
}

/** The copies that are of their segments as these are now. */
async function findDone(segments: readonly Segment[]): Promise<ReadonlySet<string>> {
  const { chosen } = await chooseParquet(segments.flatMap((segment) => sealedFile(segment) ?? []));
  return new Set(chosen.map(({ path }) => path));
}

async function segmentsOf(names: JournalNames): Promise<readonly Segment[]> {
  const { segments } = await listSegments(nodeDisk, names).catch((error) => {
    throw new ReadError(`${names.directory}: cannot be read: ${errorText(error)}`);
  });
  return segments;
}

/** What the administrator makes, the service cannot open, its lock among it. */
async function refuseRoot(segments: readonly Segment[]): Promise<void> {
  const [segment] = segments;
  if (segment === undefined || process.getuid?.() !== 0) return;
  const path = fileOf(segment);
  const { uid } = await stat(path);
  if (uid !== 0) throw new ReadError(`${path}: belongs to user ${uid}: run compact as that user, not as root`);
}

async function bytesOfCopies(names: JournalNames): Promise<number> {
  let bytes = 0;
  for (const { parquet } of await segmentsOf(names)) {
    if (parquet !== undefined) bytes += (await nodeDisk.status(parquet))?.size ?? 0;
  }
  return bytes;
}

const fileOf = (segment: Segment): string => readerPaths(segment)[0] ?? "";
const firstLine = (error: unknown): string => errorText(error).split("\n", 1)[0] ?? "";
