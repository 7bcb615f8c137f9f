import { readStateFile } from "../active/state_file.js";
import type { DirectoryEntry, Disk, DiskFile } from "../disk/disk.js";
import { errorCode, errorText } from "../disk/errors.js";
import { type JournalNames, NEWLINE, type StateFile } from "../format.js";

/** A consistent view of a journal's directory; a service may be writing it. */
export interface Snapshot {
  /** All of the directory, sorted by name. */
  readonly entries: readonly DirectoryEntry[];
  /** Their names. */
  readonly present: readonly string[];
  readonly state: StateFile | undefined;
  /** Undefined where there is no active file; a text is why it cannot be read. */
  readonly active: OpenedActive | string | undefined;
}

/** The active file, opened; the caller closes it. */
export interface OpenedActive {
  readonly file: DiskFile;
  /** How far it is to be read. */
  readonly end: number;
}

const TRIES_MAX = 10;
const PAUSE_MS = 100;

/**
 * Lists the directory until two listings agree: a service may seal the active file in between, and files of different
 * moments would be combined.
 */
export async function takeSnapshot(
  disk: Disk,
  names: JournalNames,
  sleep: (ms: number) => Promise<void>,
): Promise<Snapshot> {
  for (let tries = 1; ; tries++) {
    const before = await listOnce(disk, names);
    const active = await openActive(disk, names, sleep);
    const after = await listOnce(disk, names);
    if (before.text === after.text || tries === TRIES_MAX) return { ...after, active };
    if (typeof active === "object") await active.file.close();
    await sleep(PAUSE_MS);
  }
}

async function listOnce(disk: Disk, names: JournalNames) {
  const entries = [...(await disk.list(names.directory))].sort((a, b) => (a.name < b.name ? -1 : 1));
  const present = entries.map(({ name }) => name);
  const state = await readStateFile(disk, names);
  const identity = (await disk.status(names.active))?.identity;
  return { entries, present, state, text: JSON.stringify([entries, state, identity]) };
}

async function openActive(
  disk: Disk,
  names: JournalNames,
  sleep: (ms: number) => Promise<void>,
): Promise<OpenedActive | string | undefined> {
  try {
    const found = await disk.status(names.active);
    if (found !== undefined && !found.regular) return found.directory ? "is a directory" : "is not a regular file";
    const file = await disk.open(names.active, "read");
    try {
      return { file, end: await settledEnd(file, sleep) };
    } catch (error) {
      await file.close();
      throw error;
    }
  } catch (error) {
    return errorCode(error) === "ENOENT" ? undefined : `cannot be read: ${errorText(error)}`;
  }
}

/** The file's length. While it ends within a line, it is checked again for a second: a group may be being written. */
async function settledEnd(file: DiskFile, sleep: (ms: number) => Promise<void>): Promise<number> {
  const last = Buffer.alloc(1);
  for (let tries = 1; ; tries++) {
    const { size } = await file.status();
    if (size === 0 || tries === TRIES_MAX) return size;
    if ((await file.read(last, size - 1)) === 1 && last[0] === NEWLINE) return size;
    await sleep(PAUSE_MS);
  }
}
