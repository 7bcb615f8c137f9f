import type { ActiveFile } from "../disk/active_file.js";
import type { Disk, DiskDirectory, DiskFile } from "../disk/disk.js";
import { writeFile } from "../disk/files.js";
import { type JournalNames, printStateFile, segmentName, temporaryName } from "../format.js";
import { lockFile } from "./one_file.js";

export type SealOutcome =
  /** `next` is the new, empty active file. The sealed one is still open. */
  | { readonly kind: "sealed"; readonly path: string; readonly next: ActiveFile }
  /** The active file has its name and can be continued. */
  | { readonly kind: "unchanged"; readonly path: string; readonly error: unknown }
  /** The active file has its sealed name; there may be no new one. */
  | { readonly kind: "interrupted"; readonly path: string; readonly error: unknown };

/**
 * Seals an active file that has rows and is synced: renames it, syncs the directory, and only then gives the next one its name.
 * A crash in between leaves both files whole, and the next start continues the sequences after the sealed name.
 *
 * All that needs a descriptor is opened or written before the first rename: a shortage cannot end it halfway.
 *
 * @param now milliseconds since 1970
 */
export async function sealActive(
  disk: Disk,
  names: JournalNames,
  active: ActiveFile,
  now: number,
): Promise<SealOutcome> {
  const first_sequence = active.first_sequence + active.rows;
  const path = segmentName(names, active.first_sequence, first_sequence - 1);
  const opened: { directory?: DiskDirectory; file?: DiskFile } = {};
  let renamed = false;
  try {
    if ((await disk.status(path)) !== undefined) throw new Error("a file of that name exists");
    const directory = await disk.openDirectory(names.directory);
    opened.directory = directory;
    const file = await openNext(disk, names);
    opened.file = file;
    const { identity } = await file.status();
    await writeFile(disk, temporaryName(names.state), Buffer.from(printStateFile({ first_sequence })));
    await active.file.setModified(now);
    await disk.rename(names.active, path);
    renamed = true;
    await directory.sync();
    await disk.rename(temporaryName(names.active), names.active);
    await disk.rename(temporaryName(names.state), names.state);
    await directory.sync();
    return {
      kind: "sealed",
      path,
      next: { file, identity, own: true, end: 0, first_sequence, rows: 0, written_at: now },
    };
  } catch (error) {
    await opened.file?.close();
    return { kind: renamed ? "interrupted" : "unchanged", path, error };
  } finally {
    await opened.directory?.close();
  }
}

/** The next active file, empty and locked, under a temporary name. */
async function openNext(disk: Disk, names: JournalNames): Promise<DiskFile> {
  const temporary = temporaryName(names.active);
  if ((await disk.status(temporary)) !== undefined) await disk.remove(temporary);
  const file = await disk.open(temporary, "append");
  try {
    await lockFile(file, temporary);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}
