import { type JournalNames, nameParquet, nodeDisk, temporaryName } from "../../journal/index.js";
import type { Limits } from "../database.js";
import { ReadError } from "../errors.js";
import { identifier, literal, parquetSource } from "../literal.js";
import { FACTS_KEY, printFacts } from "./facts.js";
import { hashOfRows, ROWS_TABLE, type SealedFile, type SegmentTable, withSegmentTable } from "./segment_table.js";

/** Rows of a row group. Most segments are one. */
const GROUP_ROWS = 122_880;
/** Level 9 makes files 8 % smaller, and takes three times as long. */
const ZSTD_LEVEL = 3;

/**
 * Writes the Parquet copy of a segment, reads it back, and gives it its name when it has the very rows of the segment, in their order.
 * Killed anywhere, it leaves a file with a temporary name, or nothing. Call it under the maintenance lock.
 *
 * @param target the copy's path
 * @throws as `withSegmentTable`; ReadError when the copy has other rows
 */
export function compactSegment(
  names: JournalNames,
  segment: SealedFile,
  target: string,
  limits: Limits,
  signal: AbortSignal,
): Promise<void> {
  return withSegmentTable(segment, limits, signal, async (table) => {
    const temporary = temporaryName(target);
    try {
      // With the mode of the journal's files; DuckDB writes into it.
      await (await nodeDisk.open(temporary, "replace")).close();
      await copyRows(table, temporary);
      if (!(await hasSameRows(table, temporary))) {
        throw new ReadError(`${target}: was not written as its segment is; removed`);
      }
      signal.throwIfAborted();
      await nameParquet(nodeDisk, names, target);
    } catch (error) {
      await nodeDisk.remove(temporary).catch(() => undefined);
      signal.throwIfAborted();
      throw error;
    }
  });
}

async function copyRows({ connection, facts }: SegmentTable, target: string): Promise<void> {
  await connection.run(`
    COPY (FROM ${ROWS_TABLE}) TO ${literal(target)} (
      FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL ${ZSTD_LEVEL}, ROW_GROUP_SIZE ${GROUP_ROWS}, USE_TMP_FILE false,
      KV_METADATA {${identifier(FACTS_KEY)}: ${literal(printFacts(facts))}}
    )`);
}

/** Whether a copy has the very rows of its segment, in their order. Throws as `compactSegment`. */
export function isFaithful(segment: SealedFile, copy: string, limits: Limits, signal: AbortSignal): Promise<boolean> {
  return withSegmentTable(segment, limits, signal, (table) => hasSameRows(table, copy));
}

async function hasSameRows(table: SegmentTable, copy: string): Promise<boolean> {
  return (await hashOfRows(table, parquetSource(copy))) === (await hashOfRows(table, ROWS_TABLE));
}
