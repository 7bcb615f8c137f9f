import { join } from "node:path";
import type { Disk } from "../disk/disk.js";
import { type JournalNames, parseSegmentName } from "../format.js";

/** A sealed file: the rows first … last, closed for ever. */
export interface Segment {
  readonly first: number;
  readonly last: number;
  /** Path of the uncompressed file, where there is one. */
  readonly plain: string | undefined;
  /** Path of the gzipped file, where there is one. While both are there, either has all the rows. */
  readonly gzip: string | undefined;
}

/** The sealed segments of a journal, oldest first; files with other names are passed over. */
export async function listSegments(disk: Disk, names: JournalNames): Promise<readonly Segment[]> {
  const segments = new Map<string, Segment>();
  for (const name of await disk.list(names.directory)) {
    const found = parseSegmentName(name);
    if (found?.stem !== names.stem) continue;
    const key = `${found.first}-${found.last}`;
    const known = segments.get(key) ?? { first: found.first, last: found.last, plain: undefined, gzip: undefined };
    const path = join(names.directory, name);
    segments.set(key, found.compressed ? { ...known, gzip: path } : { ...known, plain: path });
  }
  return [...segments.values()].sort((a, b) => a.first - b.first || a.last - b.last);
}

/** What is wrong with the order of the segments, a line each: gaps, and rows that two segments claim. */
export function disorder(segments: readonly Segment[], active_first: number | undefined): readonly string[] {
  const found: string[] = [];
  let next = segments[0]?.first;
  const judge = (first: number, name: string): void => {
    if (next !== undefined && first > next)
      found.push(`${name}: sequences ${next} to ${first - 1} are missing before it`);
    if (next !== undefined && first < next)
      found.push(`${name}: begins at sequence ${first}, expected ${next}: two files claim the same rows`);
  };
  for (const segment of segments) {
    judge(segment.first, segment.plain ?? segment.gzip ?? "");
    next = Math.max(next ?? 0, segment.last + 1);
  }
  if (active_first !== undefined) judge(active_first, "the active file");
  return found;
}
