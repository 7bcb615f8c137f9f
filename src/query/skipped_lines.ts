import type { DuckDBConnection } from "@duckdb/node-api";
import { countLinesByFile } from "./database.js";
import { type JudgedFile, judgeFile, type ReadableFile } from "./judged_files.js";

/** Lines of a file that are no rows. */
export interface SkippedLines {
  /** By their schema, undefined for none. */
  readonly foreign: ReadonlyMap<string | undefined, number>;
  /** Lines of which nobody knows what is in them. */
  readonly unread: number;
  readonly first_unread: JudgedFile["first_unreadable"];
}

/** A compacted segment that was read. */
export interface CompactedSegment {
  /** The segment's name. */
  readonly name: string;
  readonly rows: number;
  readonly skipped: SkippedLines;
}

/** Lines that are not in the answer. */
export interface Skipped {
  /** A line each, sorted. */
  readonly warnings: readonly string[];
  /** Lines that could not be read, so that nobody knows what is in them. */
  readonly unread_lines: number;
  /** Whether there are whole lines, but not one row: what was read is no session log. */
  readonly no_row: boolean;
}

/**
 * Finds the lines that queries have skipped so far, and those that compaction has; reads the files again only if there are any.
 *
 * @param compacted read in place of their lines
 * @param nameOf the file's name, from the path by which it was opened
 * @param isActive whether a service may be writing a file, by its name
 */
export async function findSkipped(
  connection: DuckDBConnection,
  files: readonly ReadableFile[],
  compacted: readonly CompactedSegment[],
  nameOf: (opened: string) => string,
  isActive: (name: string) => boolean,
  signal: AbortSignal,
): Promise<Skipped> {
  const by_path = new Map(files.map((file) => [file.readable, file]));
  const warnings: string[] = [];
  const only_others = compacted.length > 0 && compacted.every(({ rows }) => rows === 0);
  const counted = await countLinesByFile(connection, only_others && files.length > 0);
  const found: CompactedSegment[] = [...compacted];
  for (const [readable, { rows, skipped }] of counted) {
    const file = by_path.get(readable) ?? { path: readable, judged: undefined };
    const name = nameOf(file.path);
    if (skipped === 0) {
      found.push({ name, rows, skipped: NOTHING_SKIPPED });
      continue;
    }
    const judged = file.judged ?? (await judgeFile(file.path, signal));
    found.push({ name, rows, skipped: sumUp(judged, skipped, isActive(name)) });
  }
  for (const { name, skipped } of found) warnings.push(...describe(name, skipped));
  warnings.sort();
  const unread_lines = found.reduce((sum, { skipped }) => sum + skipped.unread, 0);
  const others = found.some(({ skipped }) => skipped.foreign.size > 0);
  const no_row = (others || unread_lines > 0) && found.every(({ rows }) => rows === 0);
  if (no_row) warnings.push("no line that was read is a row of a session log");
  return { warnings, unread_lines, no_row };
}

/** Of a file with rows only. */
export const NOTHING_SKIPPED: SkippedLines = { foreign: new Map(), unread: 0, first_unread: undefined };

/**
 * @param skipped how many lines DuckDB has skipped of the file
 * @param active whether a service may be writing the file
 */
export function sumUp(judged: JudgedFile, skipped: number, active: boolean): SkippedLines {
  let foreign = 0;
  for (const count of judged.foreign.values()) foreign += count;
  const more = skipped - foreign - judged.unreadable - (judged.torn ? 1 : 0);
  // The line that a service was writing when DuckDB came to it may be whole by now, and the other way round.
  const surplus = active && more === 1 ? 0 : Math.max(0, more);
  return {
    foreign: judged.foreign,
    unread: judged.unreadable + surplus,
    first_unread: judged.first_unreadable,
  };
}

function describe(file: string, { foreign, unread, first_unread }: SkippedLines): string[] {
  const lines = unread + (foreign.get(undefined) ?? 0);
  const { line, why } = first_unread ?? {};
  const first = why === undefined ? "" : `; line ${line}: ${why.field} ${why.reason}: ${why.description}`;
  const [what, no] = lines === 1 ? ["1 line", "is not a row"] : [`${lines} lines`, "are not rows"];
  return [
    ...(lines === 0 ? [] : [`${file}: skipped ${what} that ${no} of a session log${first}`]),
    ...[...foreign].flatMap(([schema, lines]) =>
      schema === undefined ? [] : [`${file}: skipped ${lines === 1 ? "1 line" : `${lines} lines`} of schema ${schema}`],
    ),
  ];
}
