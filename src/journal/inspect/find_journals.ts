import { basename, join } from "node:path";
import type { Disk } from "../disk/disk.js";
import { errorText } from "../disk/errors.js";
import { readRange, readWhole } from "../disk/files.js";
import { parseJsonObject, splitLines } from "../disk/lines.js";
import {
  GROUP_BYTES_MAX,
  isTemporary,
  type JournalNames,
  journalNames,
  parsePosition,
  parseSegmentName,
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

/** What is to be said of a file that belongs to no journal. */
type Unlike = Omit<Finding, "file">;

const impossible: Unlike = { severity: "problem", message: "its name says a range of sequences that cannot be" };

/**
 * Finds the journals of a directory: by their sealed segments, by a `<stem>.state` that says a sequence, and by a
 * `<stem>.jsonl` that has a row of ours in its last 8 MiB, as start asks of a file that it does not know.
 *
 * @param adopts whether a row is one of ours
 * @throws the disk's error when the directory cannot be read
 */
export async function findJournals(
  disk: Disk,
  directory: string,
  adopts: (row: object) => boolean,
): Promise<FoundJournals> {
  const present = [...(await disk.list(directory))].sort();
  const stems = new Set<string>();
  const unlike = new Map<string, Unlike>();
  for (const name of present) {
    const stem = /^(.+)-\d{20}-\d{20}\.jsonl(\.gz)?$/.exec(name)?.[1];
    if (stem !== undefined && parseSegmentName(stem, name) !== undefined) stems.add(stem);
    else if (stem !== undefined) unlike.set(name, impossible);
    if (name.endsWith(".state") && (await saysPosition(disk, join(directory, name)))) stems.add(name.slice(0, -6));
  }
  for (const name of present) {
    const stem = name.slice(0, -".jsonl".length);
    if (!name.endsWith(".jsonl") || stem === "" || unlike.has(name) || isOfAny(directory, stems, name)) continue;
    const finding = await whyNoLog(disk, join(directory, name), adopts);
    if (finding === undefined) stems.add(stem);
    else unlike.set(name, finding);
  }
  const foreign: Finding[] = [];
  for (const name of present) {
    if (isOfAny(directory, stems, name) || (await isDirectory(disk, join(directory, name)))) continue;
    foreign.push({ file: name, ...(unlike.get(name) ?? { severity: "note", message: "is no file of a session log" }) });
  }
  return { journals: [...stems].sort().map((stem) => journalNames(join(directory, `${stem}.jsonl`))), foreign };
}

/** Whether a file name is one of those that this journal gives. */
export function isOfJournal(names: JournalNames, name: string): boolean {
  const own = [names.active, names.lock, names.state, names.checksums].map((path) => basename(path));
  return (
    own.includes(name) ||
    name.startsWith(`${names.stem}.jsonl.torn-`) ||
    parseSegmentName(names.stem, name) !== undefined ||
    isTemporary(names, name)
  );
}

function isOfAny(directory: string, stems: ReadonlySet<string>, name: string): boolean {
  return [...stems].some((stem) => isOfJournal(journalNames(join(directory, `${stem}.jsonl`)), name));
}

async function saysPosition(disk: Disk, path: string): Promise<boolean> {
  try {
    if (((await disk.status(path))?.size ?? 0) > STATE_BYTES_MAX) return false;
    return parsePosition((await readWhole(disk, path)).toString()) !== undefined;
  } catch {
    // A file that cannot be read says nothing; it is named as foreign.
    return false;
  }
}

/** Undefined for a session log. */
async function whyNoLog(disk: Disk, path: string, adopts: (row: object) => boolean): Promise<Unlike | undefined> {
  try {
    if (await isDirectory(disk, path)) return { severity: "note", message: "is a directory" };
    const file = await disk.open(path, "read");
    try {
      const { size } = await file.status();
      if (size === 0) return { severity: "note", message: "is empty, and no session log's as far as can be seen" };
      let ours = false;
      await splitLines(readRange(file, Math.max(0, size - GROUP_BYTES_MAX), size), 0, (line) => {
        ours ||= adopts(parseJsonObject(line) ?? {});
      });
      return ours ? undefined : { severity: "note", message: "has no row of a session log: another program's file" };
    } finally {
      await file.close();
    }
  } catch (error) {
    return { severity: "problem", message: `cannot be read: ${errorText(error)}` };
  }
}

async function isDirectory(disk: Disk, path: string): Promise<boolean> {
  return (await disk.status(path))?.directory ?? false;
}
