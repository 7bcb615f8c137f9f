import type { Disk } from "../disk/disk.js";
import { readWhole, replaceFile } from "../disk/files.js";
import { type JournalNames, parseStateFile, printStateFile, type StateFile } from "../format.js";

/** The content of `<stem>.state`; undefined when it is missing or contains no sequence. */
export async function readStateFile(disk: Disk, names: JournalNames): Promise<StateFile | undefined> {
  if ((await disk.status(names.state)) === undefined) return undefined;
  return parseStateFile((await readWhole(disk, names.state)).toString());
}

/** Replaces `<stem>.state`, whole or not at all; durable when it resolves. */
export async function writeStateFile(disk: Disk, names: JournalNames, state: StateFile): Promise<void> {
  await replaceFile(disk, names, names.state, Buffer.from(printStateFile(state)));
}
