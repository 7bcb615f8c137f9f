import type { Disk } from "../disk/disk.js";
import { readWhole, replaceFile } from "../disk/files.js";
import { type JournalNames, type JournalPosition, parsePosition, printPosition } from "../format.js";

/** What `<stem>.state` says, or undefined where there is no such file or it says nothing. */
export async function readPosition(disk: Disk, names: JournalNames): Promise<JournalPosition | undefined> {
  if ((await disk.status(names.state)) === undefined) return undefined;
  return parsePosition((await readWhole(disk, names.state)).toString());
}

/** Replaces `<stem>.state`, whole or not at all; durable when it resolves. */
export async function writePosition(disk: Disk, names: JournalNames, position: JournalPosition): Promise<void> {
  await replaceFile(disk, names, names.state, Buffer.from(printPosition(position)));
}
