import { open, writeFile } from "node:fs/promises";
import { type JournalNames, nodeDisk, type Position, readAddedRows } from "../../journal/index.js";
import { judgeFile } from "../judged_files.js";
import type { StoredRows } from "./stored_rows.js";

/** Of lines that go into the database at once, and of those that are read at a time. */
const BLOCK_BYTES_MAX = 8 * 1024 * 1024;
const READ_BYTES_MAX = 64 * 1024 * 1024;

/** Rows that a service adds to a session log while it is read. */
export interface AddedLines {
  /** Resolves with whether there are new rows. Throws JournalChanged. */
  read(signal: AbortSignal): Promise<boolean>;
  position(): Position;
  /** About lines that are no rows. */
  warnings(): readonly string[];
}

/** @param path a file that the database may read */
export function createAddedLines(
  rows: Pick<StoredRows, "add">,
  names: JournalNames,
  path: string,
  begun: Position,
): AddedLines {
  let position = begun;
  let skipped = 0;

  /** DuckDB reads them from a file, as it reads all lines: they mean the same. */
  async function store(lines: readonly Buffer[], first_sequence: number, signal: AbortSignal): Promise<void> {
    const raw = `${path}.raw`;
    await writeFile(raw, Buffer.concat(lines.flatMap((line) => [line, NEWLINE])));
    const file = await open(path, "w");
    try {
      const { foreign, unreadable } = await judgeFile(raw, signal, (bytes) => file.writeFile(bytes));
      skipped += unreadable;
      for (const count of foreign.values()) skipped += count;
    } finally {
      await file.close();
    }
    await rows.add(path, first_sequence, lines.length);
  }

  return {
    position: () => position,
    warnings: () =>
      skipped === 0
        ? []
        : [
            `${names.active}: skipped ${skipped} new ${skipped === 1 ? "line" : "lines"} that are no rows of a session log`,
          ],
    async read(signal) {
      const before = position.sequence;
      let taken: Buffer[] = [];
      let [bytes, total] = [0, 0];
      let first_sequence = before;
      let after = position;
      const flush = async () => {
        if (taken.length > 0) await store(taken, first_sequence, signal);
        position = after;
        taken = [];
        bytes = 0;
      };
      for await (const { rows: added, position: next } of readAddedRows(nodeDisk, names, position)) {
        signal.throwIfAborted();
        // There may be a gap before them.
        if (added.first_sequence !== first_sequence + taken.length) await flush();
        if (taken.length === 0) first_sequence = added.first_sequence;
        // They are lent until the next block is read.
        taken.push(...added.lines.map((line) => Buffer.from(line)));
        for (const line of added.lines) bytes += line.length;
        after = next;
        total += bytes;
        if (bytes >= BLOCK_BYTES_MAX) await flush();
        if (total >= READ_BYTES_MAX) break;
      }
      await flush();
      return position.sequence > before;
    },
  };
}

const NEWLINE = Buffer.from("\n");
