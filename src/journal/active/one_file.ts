import { basename } from "node:path";
import type { Disk, DiskFile } from "../disk/disk.js";
import { isLogPath, type JournalNames, journalNames, parseSegmentName } from "../format.js";
import { JournalOpenError } from "../types.js";

/**
 * The names of the journal at `path`, all beside the real file: one file has one set of names, whichever link leads to it.
 *
 * @throws JournalOpenError when the real file's name cannot be that of an active file; the disk's error for a loop of links
 */
export async function resolveNames(disk: Disk, path: string): Promise<JournalNames> {
  const real = await disk.resolve(path);
  if (isLogPath(real)) return journalNames(real);
  const why =
    parseSegmentName(basename(real)) === undefined ? 'does not end with ".jsonl"' : "is that of a sealed segment";
  throw new JournalOpenError(`${path}: the file to write is ${real}, whose name ${why}`);
}

/**
 * Locks the file itself: a bind mount or a hard link shows it beside another lock file.
 *
 * @throws JournalOpenError when another writer has it
 */
export async function lockFile(file: DiskFile, path: string): Promise<void> {
  if (await file.lock()) return;
  throw new JournalOpenError(
    `${path}: another process writes this file, maybe by another name (a hard link or a mount); a session log has one writer`,
  );
}

/**
 * Checks that the locked file can be the journal's own: one name, which can be renamed if it is to be sealed. Another writer's
 * sealed segment, shown by a mount, is never written.
 *
 * @throws JournalOpenError
 */
export async function refuseShared(disk: Disk, file: DiskFile, path: string, rotates: boolean): Promise<void> {
  const { links } = await file.status();
  if (links > 1) {
    const [own, copy] = [quoted(path), quoted(`${path}.copy`)];
    const cure = `give it a file of its own: cp -p ${own} ${copy} && mv ${copy} ${own}`;
    throw new JournalOpenError(`${path}: the file has ${links} names (hard links), expected one; ${cure}`);
  }
  const mounted = await disk.mountedAt(path);
  if (links === 0 || (mounted !== undefined && parseSegmentName(basename(mounted)) !== undefined)) {
    const what = links === 0 ? "a deleted file" : `the sealed segment ${basename(mounted ?? "")}`;
    throw new JournalOpenError(`${path}: is a mount point that shows ${what}; mount the log's directory instead`);
  }
  if (mounted === undefined || !rotates) return;
  throw new JournalOpenError(
    `${path}: is a mount point, which cannot be renamed when it is to be sealed; mount its directory, or turn rotation off`,
  );
}

/** For a shell. */
const quoted = (path: string): string => `'${path.replaceAll("'", "'\\''")}'`;
