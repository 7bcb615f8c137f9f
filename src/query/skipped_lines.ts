import type { DuckDBConnection } from "@duckdb/node-api";
import { countLinesByFile } from "./database.js";
import { type JudgedFile, judgeFile, type ReadableFile } from "./judged_files.js";

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
 * Finds the lines that queries have skipped so far; reads the files again only if there are any.
 *
 * @param nameOf the file's name, from the path by which it was opened
 * @param isActive whether a service may be writing a file, by its name
 */
export async function findSkipped(
  connection: DuckDBConnection,
  files: readonly ReadableFile[],
  nameOf: (opened: string) => string,
  isActive: (name: string) => boolean,
  signal: AbortSignal,
): Promise<Skipped> {
  const by_path = new Map(files.map((file) => [file.readable, file]));
  const warnings: string[] = [];
  let unread_lines = 0;
  let others = 0;
  const counted = await countLinesByFile(connection);
  for (const [readable, { skipped }] of counted) {
    if (skipped === 0) continue;
    const file = by_path.get(readable) ?? { path: readable, judged: undefined };
    const name = nameOf(file.path);
    const judged = file.judged ?? (await judgeFile(file.path, signal));
    let foreign = 0;
    for (const count of judged.foreign.values()) foreign += count;
    const more = skipped - foreign - judged.unreadable - (judged.torn ? 1 : 0);
    // The line that a service was writing when DuckDB came to it may be whole by now, and the other way round.
    const surplus = isActive(name) && more === 1 ? 0 : Math.max(0, more);
    unread_lines += judged.unreadable + surplus;
    others += foreign;
    warnings.push(...describe(name, judged, surplus));
  }
  warnings.sort();
  const no_row = others + unread_lines > 0 && [...counted.values()].every(({ rows }) => rows === 0);
  if (no_row) warnings.push("no line that was read is a row of a session log");
  return { warnings, unread_lines, no_row };
}

function describe(file: string, { foreign, unreadable, first_unreadable }: JudgedFile, surplus: number): string[] {
  const unread = unreadable + surplus + (foreign.get(undefined) ?? 0);
  const { line, why } = first_unreadable ?? {};
  const first = why === undefined ? "" : `; line ${line}: ${why.field} ${why.reason}: ${why.description}`;
  const [what, no] = unread === 1 ? ["1 line", "is not a row"] : [`${unread} lines`, "are not rows"];
  return [
    ...(unread === 0 ? [] : [`${file}: skipped ${what} that ${no} of a session log${first}`]),
    ...[...foreign].flatMap(([schema, lines]) =>
      schema === undefined ? [] : [`${file}: skipped ${lines === 1 ? "1 line" : `${lines} lines`} of schema ${schema}`],
    ),
  ];
}
