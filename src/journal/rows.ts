import type { Disk } from "./disk.js";
import { gunzip } from "./gunzip.js";
import { isBlank, splitLines } from "./lines.js";
import { readBlocks } from "./read.js";
import type { Segment } from "./segments.js";

/** Called with a row, without its "\n", and its sequence. The bytes are lent for the call only. */
export type OnRow = (row: Buffer, sequence: number) => void;

/** Reads the rows of a sealed segment in order; resolves with how many there are. Rejects when it cannot be read or gunzipped. */
export function readSegment(disk: Disk, segment: Segment, onRow: OnRow): Promise<number> {
  if (segment.plain !== undefined) return readRows(readBlocks(disk, segment.plain), segment.first, onRow);
  return readRows(gunzip(readBlocks(disk, segment.gzip ?? "")), segment.first, onRow);
}

/** Calls `onRow` with each non-blank line of the blocks, the first of which has that sequence; resolves with their number. */
export async function readRows(blocks: AsyncIterable<Buffer>, first_sequence: number, onRow: OnRow): Promise<number> {
  let sequence = first_sequence;
  await splitLines(blocks, 0, (line) => {
    if (line[0] !== 0x7b && isBlank(line)) return;
    onRow(line, sequence++);
  });
  return sequence - first_sequence;
}
