import { basename, join } from "node:path";
import type { Disk } from "../disk/disk.js";
import { errorText } from "../disk/errors.js";
import { readWhole } from "../disk/files.js";
import type { JournalNames } from "../format.js";
import { parseSegmentName } from "../format.js";
import { type Checksums, readChecksums } from "../sealed/checksums.js";
import type { Findings } from "./findings.js";

/** The digests of `<stem>.sha256`, none where there is no such file; reports what is wrong with the list. */
export async function inspectChecksums(disk: Disk, names: JournalNames, found: Findings): Promise<Checksums> {
  const list = basename(names.checksums);
  try {
    if ((await disk.status(names.checksums)) === undefined) return new Map();
    const lines = (await readWhole(disk, names.checksums)).toString().split("\n");
    const checksums = await readChecksums(disk, names);
    const odd = lines.filter((line) => line.trim() !== "" && !line.startsWith("#")).length - checksums.size;
    if (odd > 0) found.problem(list, `contains lines that are not checksums, or repeat one: ${odd}`);
    for (const name of checksums.keys()) {
      if (parseSegmentName(name)?.stem !== names.stem) {
        found.problem(list, `lists ${JSON.stringify(name)}, which is not a segment of this session log`);
      } else if (await isMissing(disk, names, name)) {
        found.problem(name, `is listed in ${list}, but missing`);
      }
    }
    return checksums;
  } catch (error) {
    found.problem(list, `cannot be read: ${errorText(error)}`);
    return new Map();
  }
}

/** Listed but missing; the list is read again, since a service changes it before it removes files. */
async function isMissing(disk: Disk, names: JournalNames, name: string): Promise<boolean> {
  const gone = async () => (await disk.status(join(names.directory, name))) === undefined;
  return (await gone()) && (await readChecksums(disk, names)).has(name) && (await gone());
}
