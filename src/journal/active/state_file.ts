import { type Disk, writeAll } from "../disk/disk.js";
import { readWhole } from "../disk/read.js";
import { type JournalNames, type JournalPosition, parsePosition, printPosition, temporaryName } from "../format.js";

/** What `<stem>.state` says, or undefined where there is no such file or it says nothing. */
export async function readPosition(disk: Disk, names: JournalNames): Promise<JournalPosition | undefined> {
  if ((await disk.status(names.state)) === undefined) return undefined;
  return parsePosition((await readWhole(disk, names.state)).toString());
}

/** Replaces `<stem>.state`, whole or not at all; durable when it resolves. */
export async function writePosition(disk: Disk, names: JournalNames, position: JournalPosition): Promise<void> {
  await replaceFile(disk, names, names.state, Buffer.from(printPosition(position)));
}

/** Gives a file of the journal's directory a new content, whole or not at all; durable when it resolves. */
export async function replaceFile(disk: Disk, names: JournalNames, path: string, content: Buffer): Promise<void> {
  const temporary = temporaryName(path);
  await writeFile(disk, temporary, content);
  await disk.rename(temporary, path);
  await disk.syncDirectory(names.directory);
}

/** Writes a file and syncs it; its name is not durable yet. */
export async function writeFile(disk: Disk, path: string, content: Buffer): Promise<void> {
  const file = await disk.open(path, "replace");
  try {
    await writeAll(file, content, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}
