import type { DuckDBConnection } from "@duckdb/node-api";
import { openEmpty } from "../database.js";
import { messageOf } from "../errors.js";
import { literal } from "../literal.js";
import type { SkippedLines } from "../skipped_lines.js";

/** What a Parquet copy says of itself, in its metadata. */
export interface ParquetFacts {
  readonly first: number;
  readonly last: number;
  readonly rows: number;
  readonly skipped: SkippedLines;
  /** SHA-256 of the segment that it was made of, as that was on disk; hex. */
  readonly source: string;
}

/** The key of the metadata; its value is one JSON object. */
export const FACTS_KEY = "sessionlog";
const FOOTERS_BYTES_MAX = 256 * 1024 * 1024;
/** Of that object and of the file's columns. */
const VERSION = 1;

export function printFacts({ first, last, rows, skipped, source }: ParquetFacts): string {
  const { foreign, unread, first_unread } = skipped;
  const by_schema = [...foreign].map(([schema = null, lines]) => ({ schema, lines }));
  return JSON.stringify({
    version: VERSION,
    first,
    last,
    rows,
    source,
    skipped: { foreign: by_schema, unread, first_unread },
  });
}

/** The facts of files; for those that have none that can be used, why. */
export async function readFacts(paths: readonly string[]): Promise<ReadonlyMap<string, ParquetFacts | string>> {
  const { connection, close } = await openEmpty({
    memory_bytes: FOOTERS_BYTES_MAX,
    spill_directory: "",
    spill_bytes: 0,
    threads: 1,
  });
  try {
    return await readAll(connection, paths).catch(() => readEach(connection, paths));
  } finally {
    close();
  }
}

async function readAll(connection: DuckDBConnection, paths: readonly string[]) {
  const found = await connection.runAndReadAll(`
    SELECT file_name, decode(value) FROM parquet_kv_metadata(${literal(paths)}) WHERE key = ${literal(FACTS_KEY)}::BLOB`);
  const texts = new Map(found.getRows().map(([path, text]) => [String(path), String(text)]));
  return new Map(paths.map((path) => [path, parseFacts(texts.get(path))]));
}

/** One of them cannot be read. */
async function readEach(connection: DuckDBConnection, paths: readonly string[]) {
  const facts = new Map<string, ParquetFacts | string>();
  for (const path of paths) {
    const found = await readAll(connection, [path]).catch(describeError);
    facts.set(path, typeof found === "string" ? found : (found.get(path) ?? ""));
  }
  return facts;
}

function describeError(error: unknown): string {
  return `cannot be read: ${messageOf(error).split("\n", 1)[0]}`;
}

function parseFacts(text: string | undefined): ParquetFacts | string {
  if (text === undefined) return "is no copy of a segment";
  try {
    const { version, first, last, rows, source, skipped } = Object(JSON.parse(text));
    if (version !== VERSION) return `is of version ${Number(version)}, expected ${VERSION}`;
    return {
      first: Number(first),
      last: Number(last),
      rows: Number(rows),
      source: String(source),
      skipped: parseSkipped(skipped),
    };
  } catch {
    return "its metadata cannot be read";
  }
}

function parseSkipped(value: unknown): SkippedLines {
  const { foreign, unread, first_unread } = Object(value);
  const by_schema = Array.isArray(foreign) ? foreign : [];
  return {
    foreign: new Map(
      by_schema.map(({ schema, lines }) => [schema === null ? undefined : String(schema), Number(lines)]),
    ),
    unread: Number(unread),
    first_unread,
  };
}
