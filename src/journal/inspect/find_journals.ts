import { basename, join } from "node:path";
import type { Disk } from "../disk/disk.js";
import { errorText } from "../disk/errors.js";
import { readRange, readWhole } from "../disk/files.js";
import { splitLines, withoutMark } from "../disk/lines.js";
import {
  GROUP_BYTES_MAX,
  isParquetTemporary,
  isSegmentLike,
  isTemporary,
  type JournalNames,
  journalNames,
  namesOfStem,
  parseParquetName,
  parseSegmentName,
  parseStateFile,
} from "../format.js";
import type { Finding } from "./findings.js";

/** What a directory holds. */
export interface FoundJournals {
  /** Sorted by their stems. */
  readonly journals: readonly JournalNames[];
  /** One for each file that belongs to none of them. */
  readonly foreign: readonly Finding[];
}

const STATE_BYTES_MAX = 1024;

/** Why a file belongs to no journal. */
type Mismatch = Omit<Finding, "file">;

const IMPOSSIBLE: Mismatch = { severity: "problem", message: "its name contains an impossible range of sequences" };
const UNRELATED: Mismatch = { severity: "note", message: "is not a file of a session log" };
const EMPTY: Mismatch = { severity: "note", message: "is empty; nothing shows that it is a session log" };

/**
 * Finds the journals of a directory: by their sealed segments, by a `<stem>.state` that contains a sequence, and by a
 * `<stem>.jsonl` that has a row of ours in its last 8 MiB, as start asks of a file that it does not know. An empty one counts
 * beside its `<stem>.jsonl.lock`, and where there is no other journal.
 *
 * @param adopts whether a row is one of ours
 * @throws the disk's error when the directory cannot be read
 */
export async function findJournals(
  disk: Disk,
  directory: string,
  adopts: (line: Buffer) => boolean,
): Promise<FoundJournals> {
  const present = (await disk.list(directory)).map(({ name }) => name).sort();
  const found = new Map<string, JournalNames>();
  const add = (stem: string) => found.set(stem, namesOfStem(directory, stem));
  const isOfAny = (name: string) => [...found.values()].some((names) => isOfJournal(names, name));
  const mismatches = new Map<string, Mismatch>();
  for (const name of present) {
    const stem = parseSegmentName(name)?.stem;
    if (stem !== undefined) add(stem);
    else if (isSegmentLike(name)) mismatches.set(name, IMPOSSIBLE);
    else if (name.endsWith(".state") && (await isStateFile(disk, join(directory, name)))) add(basename(name, ".state"));
  }
  for (const name of present) {
    if (!/.\.jsonl$/.test(name) || mismatches.has(name) || isOfAny(name)) continue;
    const mismatch = await classifyLog(disk, journalNames(join(directory, name)), adopts);
    if (mismatch === undefined) add(basename(name, ".jsonl"));
    else mismatches.set(name, mismatch);
  }
  // Start adopts an empty file.
  if (found.size === 0) for (const [name, why] of mismatches) if (why === EMPTY) add(basename(name, ".jsonl"));
  const foreign: Finding[] = [];
  for (const name of present) {
    if (isOfAny(name) || (await disk.status(join(directory, name)))?.directory) continue;
    foreign.push({ file: name, ...(mismatches.get(name) ?? UNRELATED) });
  }
  return { journals: [...found.values()].sort((a, b) => (a.stem < b.stem ? -1 : 1)), foreign };
}

/** Whether a file name is one of those that this journal gives. */
export function isOfJournal(names: JournalNames, name: string): boolean {
  const { active, lock, state, checksums, parquet_checksums, maintenance_lock } = names;
  const own = [active, lock, state, checksums, parquet_checksums, maintenance_lock].map((path) => basename(path));
  return (
    own.includes(name) ||
    name.startsWith(`${names.stem}.jsonl.torn-`) ||
    (parseSegmentName(name) ?? parseParquetName(name))?.stem === names.stem ||
    isTemporary(names, name) ||
    isParquetTemporary(names, name)
  );
}

async function isStateFile(disk: Disk, path: string): Promise<boolean> {
  try {
    const found = await disk.status(path);
    if (found === undefined || !found.regular || found.size > STATE_BYTES_MAX) return false;
    return parseStateFile((await readWhole(disk, path)).toString()) !== undefined;
  } catch {
    // A file that cannot be read is listed as foreign.
    return false;
  }
}

/** Undefined for a session log. */
async function classifyLog(
  disk: Disk,
  { active, lock }: JournalNames,
  adopts: (line: Buffer) => boolean,
): Promise<Mismatch | undefined> {
  try {
    const found = await disk.status(active);
    if (found?.directory) return { severity: "note", message: "is a directory" };
    if (found?.regular === false) return { severity: "note", message: await describeOther(disk, active) };
    const file = await disk.open(active, "read");
    try {
      const { size } = await file.status();
      if (size === 0) return (await disk.status(lock)) === undefined ? EMPTY : undefined;
      let ours = false;
      await splitLines(readRange(file, Math.max(0, size - GROUP_BYTES_MAX), size), 0, (line, offset) => {
        ours ||= adopts(offset === 0 ? withoutMark(line) : line);
      });
      return ours
        ? undefined
        : { severity: "note", message: "contains no row of a session log; another program's file" };
    } finally {
      await file.close();
    }
  } catch (error) {
    return { severity: "problem", message: `cannot be read: ${errorText(error)}` };
  }
}

async function describeOther(disk: Disk, path: string): Promise<string> {
  const target = await disk.resolve(path);
  return target === path ? "is not a regular file" : `is a link to ${target}; name that file to read its session log`;
}
