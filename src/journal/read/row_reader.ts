import { errorText, isShortage } from "../disk/errors.js";
import { type JournalLog, JournalShortage, type RowReader, type Rows, type Search } from "../types.js";
import type { Side } from "./open_rows.js";
import type { RowFile } from "./row_file.js";

interface RowReaderParts {
  /** Of the active file, for messages. */
  readonly path: string;
  /** See openRows. */
  readonly openRows: (side: Side, sequence: number) => Promise<RowFile | undefined>;
  /** After the last row that is durable. */
  readonly next_sequence: () => number;
  readonly log: JournalLog;
}

/** Reads the rows in the journal's files; only asks the writer which file is next. */
export function createRowReader(parts: RowReaderParts): Pick<RowReader, "read" | "findLast"> {
  const { path, openRows, next_sequence, log } = parts;

  async function* read(from_sequence: number): AsyncGenerator<Rows> {
    let next = from_sequence;
    while (next < next_sequence()) {
      const end = next_sequence();
      const file = await open("from", next);
      if (file !== undefined) yield* readFile(file, next);
      else yield { first_sequence: end, lines: [] };
      next = Math.max(file?.next_sequence ?? end, next + 1);
    }
  }

  async function* readFile(file: RowFile, from_sequence: number): AsyncGenerator<Rows> {
    const end = file.next_sequence;
    let next = from_sequence;
    try {
      for await (const { first_sequence, lines } of file.read(from_sequence)) {
        // Rows beyond the range in the file's name would be numbered twice.
        if (first_sequence < end) yield { first_sequence, lines: lines.slice(0, end - first_sequence) };
        next = first_sequence + lines.length;
      }
      if (next < end) throw new Error(`ends before row ${next}, expected rows up to ${end - 1}`);
    } catch (error) {
      reportUnreadable(file.path, error);
      yield { first_sequence: end, lines: [] };
    } finally {
      await file.close();
    }
  }

  async function open(side: Side, sequence: number): Promise<RowFile | undefined> {
    try {
      return await openRows(side, sequence);
    } catch (error) {
      reportUnreadable(path, error);
      return undefined;
    }
  }

  /** @throws JournalShortage for a failure that may pass: the rows are there, and not to be skipped */
  function reportUnreadable(path: string, error: unknown): void {
    if (isShortage(error)) throw new JournalShortage(`${path}: ${errorText(error)}`);
    log.warn({ path }, `rows of the session log cannot be read: ${errorText(error)}`);
  }

  async function findLast(search: Search): Promise<number | undefined> {
    let oldest: number | undefined;
    let left = search.count;
    for (let before = next_sequence(); left > 0 && before > 1; ) {
      const file = await open("up to", before - 1);
      if (file === undefined) break;
      const found = await findInFile(file, { ...search, count: left }, before);
      oldest = found[0] ?? oldest;
      left -= found.length;
      before = file.first_sequence;
    }
    return oldest;
  }

  async function findInFile(file: RowFile, search: Search, before: number): Promise<readonly number[]> {
    try {
      return await file.findLast(search, before);
    } catch (error) {
      search.signal.throwIfAborted();
      reportUnreadable(file.path, error);
      return [];
    } finally {
      await file.close();
    }
  }

  return { read, findLast };
}
