import { decompressed } from "../disk/compression.js";
import type { Disk, DiskFile } from "../disk/disk.js";
import { errorCode } from "../disk/errors.js";
import { readRange } from "../disk/files.js";
import { skipMark, withoutMark } from "../disk/lines.js";
import { NEWLINE } from "../format.js";
import { type Segment, segmentPaths } from "../sealed/segments.js";
import type { Rows, Search } from "../types.js";
import { numberRows, rowsOf } from "./rows.js";

/** An open file with rows; it can be read to its end even if it is renamed or removed meanwhile. */
export interface RowFile {
  readonly path: string;
  /** The sequences of its first row and after its last one. */
  readonly first_sequence: number;
  readonly next_sequence: number;
  /** Its rows from a sequence on. Rejects with the disk's error, or where it cannot be decompressed. */
  read(from_sequence: number): AsyncGenerator<Rows>;
  /** The sequences of the last `count` wanted rows before a sequence, ascending; of all, when there are fewer. */
  findLast(search: Search, before_sequence: number): Promise<readonly number[]>;
  close(): Promise<void>;
}

/**
 * Opens a sealed segment: the plain file, where there is one. Undefined when it is gone; one that cannot be opened fails
 * when it is read.
 */
export async function openSegment(disk: Disk, segment: Segment): Promise<RowFile | undefined> {
  const { plain, first, last } = segment;
  const range = { path: segmentPaths(segment)[0] ?? "", first_sequence: first, next_sequence: last + 1 };
  try {
    const file = await disk.open(range.path, "read");
    return plain === undefined ? compressedFile(range, file) : plainFile(range, file, (await file.status()).size);
  } catch (error) {
    return errorCode(error) === "ENOENT" ? undefined : unreadableFile(range, error);
  }
}

function unreadableFile(range: Range, error: unknown): RowFile {
  const fail = () => Promise.reject(error);
  return {
    ...range,
    // biome-ignore lint/correctness/useYield: it fails before its first rows
    async *read() {
      throw error;
    },
    findLast: fail,
    close: () => Promise.resolve(),
  };
}

type Range = Pick<RowFile, "path" | "first_sequence" | "next_sequence">;

/** An uncompressed file; the bytes before `end`, the end of a line, are rows. */
export function plainFile(range: Range, file: DiskFile, end: number): RowFile {
  const { first_sequence } = range;

  /** Where to start reading for a row; searched from the end, since months may be before it. */
  async function locate(sequence: number): Promise<{ readonly offset: number; readonly first_sequence: number }> {
    if (sequence <= first_sequence) return { offset: 0, first_sequence };
    for await (const window of readBackwards(file, end, range)) {
      if (window.first_sequence <= sequence) return window;
    }
    return { offset: 0, first_sequence };
  }

  return {
    ...range,
    async *read(from_sequence) {
      const start = await locate(from_sequence);
      const blocks = readRange(file, start.offset, end);
      yield* numberRows(start.offset === 0 ? skipMark(blocks) : blocks, start.first_sequence, from_sequence);
    },
    async findLast({ count, wanted, signal, pause }, before_sequence) {
      const found: number[] = [];
      for await (const { first_sequence, lines } of readBackwards(file, end, range)) {
        signal.throwIfAborted();
        for (const [index, line] of [...lines.entries()].reverse()) {
          const sequence = first_sequence + index;
          if (sequence < before_sequence && wanted(line)) found.push(sequence);
          if (found.length === count) return found.reverse();
        }
        await pause();
      }
      return found.reverse();
    },
    close: () => file.close(),
  };
}

/** A compressed file, readable only from its start. */
function compressedFile(range: Range, file: DiskFile): RowFile {
  const blocks = () => decompressed(range.path, readRange(file, 0, Number.POSITIVE_INFINITY));
  const read = (from_sequence: number) => numberRows(skipMark(blocks()), range.first_sequence, from_sequence);
  return {
    ...range,
    read,
    async findLast({ count, wanted, signal, pause }, before_sequence) {
      let found: number[] = [];
      for await (const { first_sequence, lines } of read(range.first_sequence)) {
        signal.throwIfAborted();
        for (const [index, line] of lines.entries()) {
          const sequence = first_sequence + index;
          if (sequence < before_sequence && wanted(line)) found.push(sequence);
        }
        if (found.length > count) found = found.slice(-count);
        await pause();
      }
      return found;
    },
    close: () => file.close(),
  };
}

const WINDOW_BYTES = 256 * 1024;

interface Window extends Rows {
  /** Where its first line begins. */
  readonly offset: number;
}

/** The rows before `end`, window by window, the newest window first. */
async function* readBackwards(
  file: DiskFile,
  end: number,
  { first_sequence, next_sequence }: Range,
): AsyncGenerator<Window> {
  let next = next_sequence;
  for (let to = end; to > 0; ) {
    const { bytes, offset } = await readLinesBefore(file, to);
    const lines = rowsOf(offset === 0 ? withoutMark(bytes) : bytes);
    next -= lines.length;
    if (offset === 0 && next !== first_sequence) throw new Error(`does not begin with row ${first_sequence}`);
    yield { offset, first_sequence: next, lines };
    to = offset;
  }
}

/** Whole lines that end at `to`: as many as fit into a window, or one that is longer. */
async function readLinesBefore(
  file: DiskFile,
  to: number,
): Promise<{ readonly bytes: Buffer; readonly offset: number }> {
  for (let length = WINDOW_BYTES; ; length *= 4) {
    const from = Math.max(0, to - length);
    const bytes = Buffer.allocUnsafe(to - from);
    const read = await file.read(bytes, from);
    if (read < bytes.length) throw new Error("the file was cut while it was read");
    if (from === 0) return { bytes, offset: 0 };
    const start = bytes.indexOf(NEWLINE) + 1;
    if (start > 0 && start < bytes.length) return { bytes: bytes.subarray(start), offset: from + start };
  }
}
