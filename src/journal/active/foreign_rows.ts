import type { ActiveFile } from "../disk/active_file.js";
import { isShortage } from "../disk/errors.js";
import { isJsonObject } from "../disk/lines.js";
import { NEWLINE } from "../format.js";
import { rowsOf } from "../read/rows.js";

/**
 * Finds a group in a file to which another program has written too. Resolves with the number of foreign rows before it,
 * after the known ones; undefined when the group is not on lines of its own, when a repair would remove lines before it, and when
 * a shortage keeps it from being read.
 */
export async function countForeignRows(active: ActiveFile, group: Buffer, size: number): Promise<number | undefined> {
  const added = Buffer.alloc(size - active.end);
  try {
    await active.file.read(added, active.end);
  } catch (error) {
    if (isShortage(error)) return undefined;
    throw error;
  }
  const at = added.indexOf(group);
  if (at === -1 || (at > 0 && added[at - 1] !== NEWLINE)) return undefined;
  const rows = rowsOf(added.subarray(0, at));
  return rows.every(isJsonObject) ? rows.length : undefined;
}
