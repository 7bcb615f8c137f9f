import { errorText } from "./disk.js";
import type { Side } from "./open_rows.js";
import type { RowFile, Search } from "./row_file.js";
import type { Rows } from "./rows.js";
import type { Store } from "./store.js";
import type { JournalLog } from "./types.js";

/** The rows that are in the journal's files, read beside the writer: it is only asked which file is next. */
export interface History {
  /**
   * The rows from a sequence on, up to the last one that is durable when the reader gets there, in blocks. Rows that are
   * not there (removed, moved away, in a damaged segment) are passed over: the next block then begins behind them. The
   * last block may have no line: it only tells up to where there are none.
   */
  read(from_sequence: number): AsyncGenerator<Rows>;
  /**
   * The sequence of the `count`-th wanted row from the end, or of the oldest wanted one; undefined when there is none.
   * Rejects when the search's signal is aborted.
   */
  findLast(search: Search): Promise<number | undefined>;
}

interface HistoryParts {
  /** The active file's, for messages. */
  readonly path: string;
  readonly openRows: Store["openRows"];
  /** After the last row that is durable. */
  readonly next_sequence: () => number;
  readonly log: JournalLog;
}

export function createHistory({ path, openRows, next_sequence, log }: HistoryParts): History {
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
        // What a file has more than its name says would be numbered twice.
        if (first_sequence < end) yield { first_sequence, lines: lines.slice(0, end - first_sequence) };
        next = first_sequence + lines.length;
      }
      if (next < end) throw new Error(`it ends before row ${next}, and should have rows up to ${end - 1}`);
    } catch (error) {
      tell(file.path, error);
      yield { first_sequence: end, lines: [] };
    } finally {
      await file.close();
    }
  }

  async function open(side: Side, sequence: number): Promise<RowFile | undefined> {
    try {
      return await openRows(side, sequence);
    } catch (error) {
      tell(path, error);
      return undefined;
    }
  }

  function tell(path: string, error: unknown): void {
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
      tell(file.path, error);
      return [];
    } finally {
      await file.close();
    }
  }

  return { read, findLast };
}
