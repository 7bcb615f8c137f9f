import { join } from "node:path";
import type { DirectoryEntry, Disk, DiskFile } from "../disk/disk.js";
import { readWhole, syncDirectory, writeAll, writeFile } from "../disk/files.js";
import { cutName, type JournalNames, parseCutName, temporaryName, tornName } from "../format.js";
import { planTailRepair } from "./torn_tail.js";

/** What a cut did, for the log. */
export interface Cut {
  /** Where the bytes that were cut off are kept. */
  readonly torn: string;
  readonly bytes: number;
  /** Complete rows after the first bad line, appended to the log again. */
  readonly rows_kept: number;
}

/**
 * Cuts the file at `offset`: the bytes after it are kept in a torn file, and their complete rows are appended again. A crash
 * at any point leaves either the log as it was, or a cut that `finishCut` repeats.
 */
export async function cutTail(
  disk: Disk,
  names: JournalNames,
  file: DiskFile,
  offset: number,
  now: number,
): Promise<Cut> {
  const torn = await unusedTornName(disk, names, now);
  const tail = Buffer.alloc((await file.status()).size - offset);
  await file.read(tail, offset);
  const pending = cutName(torn, offset);
  await writeFile(disk, temporaryName(torn), tail);
  await disk.rename(temporaryName(torn), pending);
  await syncDirectory(disk, names.directory);
  return applyCut(disk, names, file, pending, torn, offset);
}

/** Carries out a cut that a crash interrupted, when the directory shows one; undefined when it does not. */
export async function finishCut(
  disk: Disk,
  names: JournalNames,
  file: DiskFile,
  present: readonly DirectoryEntry[],
): Promise<Cut | undefined> {
  for (const { name, regular } of present) {
    const cut = parseCutName(name);
    if (cut === undefined || !regular || !name.startsWith(`${names.stem}.jsonl.torn-`)) continue;
    return applyCut(disk, names, file, join(names.directory, name), join(names.directory, cut.torn), cut.offset);
  }
  return undefined;
}

/** Idempotent: the rows come from the pending file, not from the log. */
async function applyCut(
  disk: Disk,
  names: JournalNames,
  file: DiskFile,
  pending: string,
  torn: string,
  offset: number,
): Promise<Cut> {
  const tail = await readWhole(disk, pending);
  const { kept } = planTailRepair(tail);
  // The log may be shorter by now: taken away, or cut by another program.
  const end = Math.min(offset, (await file.status()).size);
  await file.truncate(end);
  await writeAll(file, Buffer.concat(kept.flatMap((row) => [row, Buffer.from("\n")])), end);
  await file.sync();
  await disk.rename(pending, torn);
  await syncDirectory(disk, names.directory);
  return { torn, bytes: tail.length, rows_kept: kept.length };
}

async function unusedTornName(disk: Disk, names: JournalNames, now: number): Promise<string> {
  for (let time = now; ; time++) {
    const torn = tornName(names, time);
    if ((await disk.status(torn)) === undefined) return torn;
  }
}
