import { basename } from "node:path";
import type { JournalFile, ParquetCopy } from "../files.js";
import { createChecksums } from "../integrity.js";
import type { SkippedLines } from "../skipped_lines.js";
import { readFacts } from "./facts.js";

/** A Parquet copy that is of its segment as it is now. */
export interface ChosenCopy {
  readonly path: string;
  /** The segment's file. */
  readonly segment: string;
  readonly rows: number;
  readonly skipped: SkippedLines;
}

/** What is wrong with a copy, for a person. */
export interface DoubtfulCopy {
  readonly path: string;
  readonly why: string;
}

export interface Choice {
  readonly chosen: readonly ChosenCopy[];
  readonly doubtful: readonly DoubtfulCopy[];
}

/**
 * Chooses the Parquet copies that are read in place of their segments: those that say that they were made of the very file that
 * `<stem>.sha256` lists. With any doubt the segment is read.
 *
 * @param distrusted paths of copies that could not be read, and why
 * @param expectedChecksum see `createChecksums`
 */
export async function chooseParquet(
  files: readonly Pick<JournalFile, "path" | "parquet">[],
  distrusted: ReadonlyMap<string, string> = new Map(),
  expectedChecksum = createChecksums(),
): Promise<Choice> {
  const copies = files.flatMap(({ path, parquet }) => (parquet === undefined ? [] : [{ segment: path, ...parquet }]));
  if (copies.length === 0) return { chosen: [], doubtful: [] };
  const facts = await readFacts(copies.map(({ path }) => path));
  const chosen: ChosenCopy[] = [];
  const doubtful: DoubtfulCopy[] = [];
  for (const { path, segment, first, last } of copies) {
    const found = distrusted.get(path) ?? facts.get(path) ?? "cannot be read";
    const doubt = typeof found === "string" ? found : findDoubt(found, { path, first, last });
    const digest = (await expectedChecksum(segment))?.digest;
    const why = doubt ?? (typeof found === "object" ? compareSource(found.source, digest, segment) : undefined);
    if (why !== undefined || typeof found === "string") doubtful.push({ path, why: why ?? "" });
    else chosen.push({ path, segment, rows: found.rows, skipped: found.skipped });
  }
  return { chosen, doubtful };
}

function findDoubt(facts: { readonly first: number; readonly last: number }, { first, last }: ParquetCopy) {
  if (facts.first === first && facts.last === last) return undefined;
  return `has sequences ${facts.first} to ${facts.last}, expected those of its name`;
}

function compareSource(source: string, digest: string | undefined, segment: string): string | undefined {
  if (digest === undefined) return `${basename(segment)} has no checksum yet`;
  return source === digest ? undefined : `was made of another file than ${basename(segment)} is now`;
}

/** One line for all of them. */
export function describeDoubtful(doubtful: readonly DoubtfulCopy[]): readonly string[] {
  const [first, ...others] = doubtful;
  if (first === undefined) return [];
  const more = others.length === 0 ? "" : `, and ${others.length} more`;
  return [`${first.path}: ${first.why}; not used${more}: run sessionlog compact`];
}
