import type { ActiveFile } from "./active.js";
import { NEWLINE } from "./format.js";
import { completeLines, isBlank } from "./lines.js";

/**
 * Looks for a group in a file to which another program has written too. Resolves with how many rows of others stand
 * before it, behind those that were known; undefined when the group does not stand on lines of its own.
 */
export async function rowsBefore(active: ActiveFile, group: Buffer, size: number): Promise<number | undefined> {
  const added = Buffer.alloc(size - active.end);
  await active.file.read(added, active.end);
  const at = added.indexOf(group);
  if (at === -1 || (at > 0 && added[at - 1] !== NEWLINE)) return undefined;
  let rows = 0;
  completeLines(added.subarray(0, at), (line) => {
    if (!isBlank(line)) rows++;
  });
  return rows;
}
