import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type JournalNames, listSegments, nodeDisk, parseSegmentName, readChecksums } from "../../journal/index.js";
import { openEmpty, SPILL_BYTES_MAX } from "../database.js";
import { messageOf, ReadError } from "../errors.js";
import { sealedFile } from "../files.js";
import { parquetSource } from "../literal.js";
import { type ChosenCopy, chooseParquet } from "./choose_parquet.js";
import { isFaithful } from "./compact_segment.js";

export interface VerifyCopiesOptions {
  /** Whether each copy is compared with its segment, row by row. */
  readonly deep: boolean;
  readonly memory_bytes: number;
  readonly signal: AbortSignal;
  readonly onFinding: (finding: {
    readonly severity: "problem" | "note";
    readonly file: string;
    readonly message: string;
  }) => void;
  /** Called with a folder to remove if this process is killed. */
  readonly onTemporary: (path: string) => void;
}

/**
 * Verifies the Parquet copies of a journal: that each is of its segment as this is now, and has the rows that it says.
 *
 * @returns how many are read in place of their segments
 */
export async function verifyCopies(names: JournalNames, options: VerifyCopiesOptions): Promise<number> {
  const { signal, onFinding } = options;
  const { segments } = await listSegments(nodeDisk, names);
  const { chosen, doubtful } = await chooseParquet(segments.flatMap((segment) => sealedFile(segment) ?? []));
  for (const { path, why } of doubtful) {
    onFinding({ severity: "note", file: basename(path), message: `${why}; not used: run sessionlog compact` });
  }
  const spill_directory = await mkdtemp(join(tmpdir(), "sessionlog-verify-"));
  options.onTemporary(spill_directory);
  try {
    for (const copy of chosen) {
      signal.throwIfAborted();
      const problem = await findProblem(copy, names, spill_directory, options);
      const gone =
        (await nodeDisk.status(copy.path)) === undefined || (await nodeDisk.status(copy.segment)) === undefined;
      if (problem !== undefined && !gone)
        onFinding({ severity: "problem", file: basename(copy.path), message: problem });
    }
  } finally {
    await rm(spill_directory, { recursive: true, force: true });
  }
  return chosen.length;
}

async function findProblem(
  { path, segment, rows }: ChosenCopy,
  names: JournalNames,
  spill_directory: string,
  { deep, memory_bytes, signal }: VerifyCopiesOptions,
): Promise<string | undefined> {
  const limits = { memory_bytes, spill_directory, spill_bytes: SPILL_BYTES_MAX };
  const { first = 0, last = 0 } = parseSegmentName(basename(segment)) ?? {};
  try {
    const counted = await countRows(path, limits);
    if (counted.rows !== rows) return `has ${counted.rows} rows, expected ${rows}`;
    if (rows > 0 && (counted.first < first || counted.last > last)) return "has rows of other sequences than its name";
    if (!deep) return undefined;
    const checksum = (await readChecksums(nodeDisk, names)).get(basename(segment));
    if (checksum === undefined) return undefined;
    const file = { path: segment, first, last, checksum };
    const faithful = await isFaithful(file, path, limits, signal).catch((error) => {
      // What is wrong with the segment is reported of that.
      if (error instanceof ReadError) return true;
      throw error;
    });
    return faithful ? undefined : `has other rows than ${basename(segment)}; remove it, and run compact`;
  } catch (error) {
    signal.throwIfAborted();
    return `cannot be read: ${messageOf(error).split("\n", 1)[0]}`;
  }
}

async function countRows(path: string, limits: Parameters<typeof openEmpty>[0]) {
  const { connection, close } = await openEmpty(limits);
  try {
    const found = await connection.runAndReadAll(
      `SELECT count(*), min(sequence), max(sequence) FROM ${parquetSource(path)}`,
    );
    const [rows = 0, first = 0, last = 0] = (found.getRows()[0] ?? []).map(Number);
    return { rows, first, last };
  } finally {
    close();
  }
}
