import { join } from "node:path";
import type { DirectoryEntry, Disk } from "../disk/disk.js";
import { type JournalNames, parseParquetName, parseSegmentName } from "../format.js";

/** An immutable file with rows `first` to `last`. */
export interface Segment {
  readonly first: number;
  readonly last: number;
  /** Path of the uncompressed file, where there is one. */
  readonly plain: string | undefined;
  /** Paths of its compressed files, sorted. While several files are there, each that has a checksum has all the rows, and the plain one too. */
  readonly compressed: readonly string[];
  /** Path of the Parquet copy, where there is one; whether it is of these very rows, its reader has to check. */
  readonly parquet?: string | undefined;
}

/** Paths of a segment's files, the plain one first, without the Parquet copy: it comes beside what retention counts. */
export function segmentPaths({ plain, compressed }: Segment): readonly string[] {
  return plain === undefined ? compressed : [plain, ...compressed];
}

/** A report about one file. */
export interface FileReport {
  readonly path: string;
  readonly message: string;
}

export interface SegmentList {
  /** Oldest first. */
  readonly segments: readonly Segment[];
  /** Links, directories and others with the name of a segment: never followed, read or removed. */
  readonly skipped: readonly FileReport[];
  /** Paths of Parquet copies whose segment is gone: never read. */
  readonly orphans: readonly string[];
}

/** The sealed segments of a journal. */
export async function listSegments(disk: Disk, names: JournalNames): Promise<SegmentList> {
  return segmentsAmong(await disk.list(names.directory), names);
}

/** The sealed segments among the entries of the journal's directory; other names are ignored. */
export function segmentsAmong(entries: readonly DirectoryEntry[], names: JournalNames): SegmentList {
  const segments = new Map<string, Segment>();
  const copies = new Map<string, string>();
  const skipped: FileReport[] = [];
  for (const { name, regular } of entries) {
    const copy = parseParquetName(name);
    if (copy?.stem === names.stem && regular) copies.set(rangeOf(copy), join(names.directory, name));
    const found = parseSegmentName(name);
    if (found?.stem !== names.stem) continue;
    if (!regular) {
      skipped.push({
        path: join(names.directory, name),
        message: "is not a regular file; skipped, links are not followed",
      });
      continue;
    }
    const { first, last } = found;
    const known = segments.get(rangeOf(found)) ?? { first, last, plain: undefined, compressed: [] };
    const path = join(names.directory, name);
    const { compressed } = known;
    const next = found.compression === undefined ? { plain: path } : { compressed: [...compressed, path].sort() };
    segments.set(rangeOf(found), { ...known, ...next });
  }
  const sorted = [...segments.values()].sort((a, b) => a.first - b.first || a.last - b.last);
  return {
    segments: sorted.map((segment) => ({ ...segment, parquet: copies.get(rangeOf(segment)) })),
    skipped,
    orphans: [...copies].flatMap(([range, path]) => (segments.has(range) ? [] : [path])),
  };
}

const rangeOf = ({ first, last }: Pick<Segment, "first" | "last">): string => `${first}-${last}`;

/** The highest sequence of sealed segments, 0 when there are none. */
export function lastSequence(segments: readonly Segment[]): number {
  return segments.reduce((most, { last }) => Math.max(most, last), 0);
}

/** What is wrong with the order of files: gaps before them, and rows that two of them claim. */
export function findDisorder(
  segments: readonly Segment[],
  active?: { readonly path: string; readonly first: number },
): readonly FileReport[] {
  const files = segments.map((segment) => ({ ...segment, path: segmentPaths(segment)[0] ?? "" }));
  let next = files[0]?.first ?? active?.first ?? 1;
  return [...files, ...(active === undefined ? [] : [{ ...active, last: 0 }])].flatMap(({ path, first, last }) => {
    const expected = next;
    next = Math.max(next, last + 1);
    if (first > expected) return { path, message: `sequences ${expected} to ${first - 1} are missing before it` };
    const message = `begins at sequence ${first}, expected ${expected}: two files claim the same rows`;
    return first < expected ? { path, message } : [];
  });
}
