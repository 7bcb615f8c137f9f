import { basename } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { type JournalNames, type Position, parseSegmentName } from "../../journal/index.js";
import { interruptWhenAborted } from "../database.js";
import { literal, parquetSource } from "../literal.js";
import type { KeptFile } from "../read_journal.js";

/** The columns of a stored row, all but the prompt; the artifact only of accepted fills, of which the questions ask it. */
const COLUMNS = [
  "session_id",
  "timestamp",
  "daemon",
  "kind",
  "model",
  "provider",
  "iterations",
  "max_iterations",
  "final_verdict",
  "attempts",
  "artifact",
  "grounded_in_roster",
  "duration_ms",
].join(", ");
const FILL = "kind = 'fill' AND final_verdict = 'accepted'";

/** The rows in the database: the table `read_rows` of those that are not in Parquet, and the view `stored` of all. */
export interface StoredRows {
  /** Reads all files that have no Parquet copy. */
  load(
    files: readonly KeptFile[],
    names: JournalNames,
    position: Position,
    signal: AbortSignal,
    onProgress: (percent: number) => void,
  ): Promise<void>;
  /** Adds the rows of a file with `lines` lines, the first of which has this sequence. */
  add(path: string, first_sequence: number, lines: number): Promise<void>;
}

const PROGRESS_INTERVAL_MS = 200;

/**
 * @param connection no other question uses it
 * @param copies Parquet copies of sealed files
 */
export function createStoredRows(
  connection: DuckDBConnection,
  copies: readonly { readonly path: string }[],
): StoredRows {
  async function add(path: string, first_sequence: number, lines: number): Promise<void> {
    await connection.run(`SET VARIABLE files = ${literal([path])}`);
    await connection.run(
      `
      INSERT INTO read_rows
      SELECT ${first_sequence} + line - 1, * EXCLUDE (line, counted) REPLACE (CASE WHEN ${FILL} THEN artifact END AS artifact)
      FROM (SELECT row_number() OVER () AS line, counted, ${COLUMNS} FROM counted_lines)
      WHERE counted AND line <= ${lines}`,
    );
  }

  return {
    add,
    async load(files, names, position, signal, onProgress) {
      const [first] = files;
      if (first !== undefined) await connection.run(`SET VARIABLE files = ${literal([first.readable])}`);
      await createTables(connection, copies);
      let done = 0;
      const timer = setInterval(() => {
        const own = Math.max(0, connection.progress.percentage);
        onProgress(Math.min(100, (100 * done + own) / Math.max(1, files.length)));
      }, PROGRESS_INTERVAL_MS);
      const endInterrupts = interruptWhenAborted(signal, () => connection);
      try {
        for (const { name, readable } of files) {
          signal.throwIfAborted();
          const range = rangeOf(name, names, position);
          await add(readable, range.first, range.lines);
          done += 1;
        }
      } finally {
        clearInterval(timer);
        endInterrupts();
      }
    },
  };
}

/** Which rows a file has. */
function rangeOf(name: string, { active }: JournalNames, position: Position) {
  if (name === active) return { first: position.active?.first_sequence ?? 1, lines: position.active?.rows ?? 0 };
  const { first = 1, last = Number.MAX_SAFE_INTEGER } = parseSegmentName(basename(name)) ?? {};
  return { first, lines: last - first + 1 };
}

async function createTables(connection: DuckDBConnection, copies: readonly { readonly path: string }[]): Promise<void> {
  await connection.run(`
    CREATE OR REPLACE TABLE read_rows AS SELECT 0::BIGINT AS sequence, ${COLUMNS} FROM unfiltered LIMIT 0`);
  const copied = parquetSource(copies.map(({ path }) => path));
  const union = copies.length === 0 ? "" : ` UNION ALL SELECT sequence, ${COLUMNS} FROM ${copied}`;
  await connection.run(`CREATE OR REPLACE VIEW stored AS SELECT * FROM read_rows${union}`);
  // What is read of one session at a time.
  if (copies.length > 0) await connection.run(`CREATE OR REPLACE VIEW copied_rows AS SELECT * FROM ${copied}`);
}
