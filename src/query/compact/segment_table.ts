import { SCHEMA } from "@sessionlog/protocol/gen/limits";
import { type Checksum, digestOf, nodeDisk, readBlocks } from "../../journal/index.js";
import { readViews } from "../catalog.js";
import { type Database, interruptWhenAborted, type Limits, openEmpty } from "../database.js";
import { ReadError } from "../errors.js";
import { judgeFile, makeReadable } from "../judged_files.js";
import { literal } from "../literal.js";
import { NOTHING_SKIPPED, sumUp } from "../skipped_lines.js";
import type { ParquetFacts } from "./facts.js";

/** A sealed file and what `<stem>.sha256` says of it. */
export interface SealedFile {
  readonly path: string;
  readonly first: number;
  readonly last: number;
  readonly checksum: Checksum;
}

/** Rows in a database, in the order of their lines, as table ROWS_TABLE. */
export interface SegmentTable extends Pick<Database, "connection"> {
  readonly facts: ParquetFacts;
}

export const ROWS_TABLE = "segment_rows";

/**
 * Reads a segment once, as every question reads it: column `sequence`, then those of a row. Lines that are no rows have a sequence, too.
 *
 * @throws ReadError when the file is not what its checksum and its name say; DuckDB's error, the disk's, or the signal's reason
 */
export async function withSegmentTable<T>(
  { path, first, last, checksum }: SealedFile,
  limits: Limits,
  signal: AbortSignal,
  work: (table: SegmentTable) => Promise<T>,
): Promise<T> {
  if ((await digestOf(readBlocks(nodeDisk, path))) !== checksum.digest) {
    throw new ReadError(`${path}: does not match its checksum`);
  }
  const [file] = await makeReadable([{ path, trusted: !checksum.odd }], limits.spill_directory, signal);
  // In one thread, lines come in the order of the file.
  const { connection, close } = await openEmpty({ ...limits, threads: 1 });
  const end = interruptWhenAborted(signal, () => connection);
  try {
    await connection.run(`SET TimeZone = 'UTC'; SET VARIABLE files = ${literal([file?.readable ?? path])}`);
    await connection.run(readViews());
    await connection.run(
      `CREATE TABLE segment_lines AS SELECT ${first - 1} + row_number() OVER () AS sequence, * FROM journal;
       CREATE VIEW ${ROWS_TABLE} AS SELECT * FROM segment_lines WHERE schema = ${literal(SCHEMA)}`,
    );
    const counted = await connection.runAndReadAll(
      `SELECT (SELECT count(*) FROM segment_lines), (SELECT count(*) FROM ${ROWS_TABLE})`,
    );
    const [lines, rows] = (counted.getRows()[0] ?? []).map(Number);
    if (lines === undefined || rows === undefined || lines !== last - first + 1) {
      throw new ReadError(`${path}: has ${lines} lines, expected ${last - first + 1} by its name`);
    }
    const skipped =
      lines === rows ? NOTHING_SKIPPED : sumUp(file?.judged ?? (await judgeFile(path, signal)), lines - rows, false);
    return await work({ connection, facts: { first, last, rows, skipped, source: checksum.digest } });
  } finally {
    end();
    close();
  }
}

/** What two sources of the same rows in the same order have in common. */
export async function hashOfRows({ connection }: Pick<Database, "connection">, source: string): Promise<string> {
  const found = await connection.runAndReadAll(`
    SELECT count(*), min(t.sequence), max(t.sequence), sum(hash(position, t))
    FROM (SELECT row_number() OVER () AS position, t FROM ${source} AS t)`);
  return (found.getRows()[0] ?? []).join(" ");
}
