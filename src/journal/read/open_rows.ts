import type { ActiveFile } from "../disk/active_file.js";
import type { Disk } from "../disk/disk.js";
import type { JournalNames } from "../format.js";
import { listSegments, type Segment } from "../sealed/segments.js";
import { openSegment, plainFile, type RowFile } from "./row_file.js";

export interface RowPlaces {
  readonly disk: Disk;
  readonly names: JournalNames;
  /** The file being written, if any; must not change before the file is open. */
  readonly active: Pick<ActiveFile, "identity" | "first_sequence" | "rows" | "end"> | undefined;
}

export type Side = "from" | "up to";

/** Attempts to open a segment that was compressed or removed since it was listed. */
const TRIES_MAX = 5;

/** Opens the file holding `sequence`, or the nearest file on that side; undefined if there is none. */
export async function openRows(places: RowPlaces, side: Side, sequence: number): Promise<RowFile | undefined> {
  const { disk, names, active } = places;
  const wanted = ({ first, last }: Segment) => (side === "from" ? last >= sequence : first <= sequence);
  if (side === "up to" && active !== undefined && active.first_sequence <= sequence) {
    const file = await openActiveRows(places);
    if (file !== undefined) return file;
  }
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const segments = (await listSegments(disk, names)).segments.filter(wanted);
    const segment = side === "from" ? segments[0] : segments.at(-1);
    if (segment === undefined) break;
    const file = await openSegment(disk, segment);
    if (file !== undefined) return file;
  }
  return side === "from" ? openActiveRows(places) : undefined;
}

/** Undefined when the path no longer shows the file being written. */
async function openActiveRows({ disk, names, active }: RowPlaces): Promise<RowFile | undefined> {
  if (active === undefined || active.rows === 0) return undefined;
  if ((await disk.status(names.active))?.identity !== active.identity) return undefined;
  const { first_sequence, rows, end } = active;
  const file = await disk.open(names.active, "read");
  return plainFile({ path: names.active, first_sequence, next_sequence: first_sequence + rows }, file, end);
}
