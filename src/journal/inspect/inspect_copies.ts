import { basename } from "node:path";
import type { Disk } from "../disk/disk.js";
import { errorText } from "../disk/errors.js";
import { readBlocks } from "../disk/files.js";
import type { JournalNames } from "../format.js";
import { digestOf, readChecksums } from "../sealed/checksums.js";
import type { Segment } from "../sealed/segments.js";
import type { Findings } from "./findings.js";

/** Compares the Parquet copies with their digests; what is in them, their readers know. Compact may replace them meanwhile. */
export async function inspectCopies(
  disk: Disk,
  names: JournalNames,
  segments: readonly Segment[],
  found: Findings,
  rest: () => Promise<void>,
): Promise<void> {
  const list = basename(names.parquet_checksums);
  for (const path of segments.flatMap(({ parquet }) => parquet ?? [])) {
    try {
      const compare = async () => {
        const listed = (await readChecksums(disk, names, names.parquet_checksums)).get(basename(path))?.digest;
        return listed === undefined ? undefined : listed === (await digestOf(readBlocks(disk, path)));
      };
      const first = await compare();
      const matching = first === false ? await compare() : first;
      if (matching === false) found.problem(path, `does not match its checksum in ${list}; remove it, and run compact`);
      if (matching === undefined) found.note(path, `has no checksum in ${list} yet`);
    } catch (error) {
      if ((await disk.status(path)) !== undefined) found.problem(path, `cannot be read: ${errorText(error)}`);
    }
    await rest();
  }
}
