import { isUtf8 } from "node:buffer";
import { NEWLINE } from "../format.js";
import type { DiskFile } from "./disk.js";
import { readRange } from "./files.js";

/** Longer lines are not kept in memory: no row is half as long, and DuckDB reads no longer ones. */
export const LINE_BYTES_MAX = 16 * 1024 * 1024;

/** Called with a line, without its "\n", its offset in bytes, and whether a "\n" ended it. The bytes are lent for the call only. */
export type OnLine = (line: Buffer, offset: number, ended: boolean) => void;

/** Reads the lines that lie in [from, to) of a file, in bounded memory: some blocks, or the longest line where that is longer. */
export function readLines(file: DiskFile, from: number, to: number, onLine: OnLine): Promise<void> {
  return splitLines(readRange(file, from, to), from, onLine);
}

/** Splits blocks of bytes, the first of which begins at `offset`, into lines. */
export async function splitLines(blocks: AsyncIterable<Buffer>, offset: number, onLine: OnLine): Promise<void> {
  let start = offset;
  for await (const bytes of joinLines(blocks)) {
    eachLine(bytes, (line, at, ended) => onLine(line, start + at, ended));
    start += bytes.length;
  }
}

/**
 * The same bytes in blocks that end where a line ends; only the last one may not. A line longer than `line_bytes_max` may
 * lack bytes; what is left of it is still longer than that, whether or not a "\r" ends it.
 */
export async function* joinLines(
  blocks: AsyncIterable<Buffer>,
  line_bytes_max = Number.POSITIVE_INFINITY,
): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  let rest_bytes = 0;
  for await (const block of blocks) {
    const end = block.lastIndexOf(NEWLINE) + 1;
    // A line that spans many blocks is put together once, when its end has come.
    if (end > 0) {
      const whole = block.subarray(0, end);
      yield rest.length === 0 ? whole : Buffer.concat([...rest, whole]);
      rest = [];
      rest_bytes = 0;
    }
    if (end === block.length || rest_bytes > line_bytes_max + 1) continue;
    rest.push(block.subarray(end));
    rest_bytes += block.length - end;
  }
  if (rest.length > 0) yield Buffer.concat(rest);
}

/** Blocks of whole lines, as all readers of session logs cut a file: without a byte order mark; see joinLines for longer lines. */
export function lineBlocks(blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  return joinLines(skipMark(blocks), LINE_BYTES_MAX);
}

/** Calls `onLine` with each line of `bytes`. */
export function eachLine(bytes: Buffer, onLine: OnLine): void {
  let start = 0;
  for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
    onLine(bytes.subarray(start, end), start, true);
    start = end + 1;
  }
  if (start < bytes.length) onLine(bytes.subarray(start), start, false);
}

/** Whether a line has only JSON white space. */
export function isBlank(line: Buffer): boolean {
  for (let i = 0; i < line.length; i++) if (line[i] !== 0x20 && line[i] !== 0x09 && line[i] !== 0x0d) return false;
  return true;
}

/** Whether a line is one JSON object in valid UTF-8. */
export function isJsonObject(line: Buffer): boolean {
  if (!isUtf8(line)) return false;
  try {
    const value: unknown = JSON.parse(line.toString());
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

const BYTE_ORDER_MARK = Buffer.from("\ufeff");

/** The first bytes of a file, at least three of them if it has as many, without the byte order mark that editors put there. */
export function withoutMark(bytes: Buffer): Buffer {
  const length = BYTE_ORDER_MARK.length;
  return bytes.subarray(0, length).equals(BYTE_ORDER_MARK) ? bytes.subarray(length) : bytes;
}

/** The blocks of a file from its first byte on, without a byte order mark. */
export async function* skipMark(blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let begin: Buffer = Buffer.alloc(0);
  let begun = false;
  for await (const block of blocks) {
    if (begun) yield block;
    else {
      // A pipe may give a byte at a time.
      begin = begin.length === 0 ? block : Buffer.concat([begin, block]);
      if (begin.length < BYTE_ORDER_MARK.length) continue;
      begun = true;
      yield withoutMark(begin);
    }
  }
  if (!begun && begin.length > 0) yield begin;
}
