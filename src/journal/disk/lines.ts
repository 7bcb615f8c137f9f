import { isUtf8 } from "node:buffer";
import { NEWLINE } from "../format.js";
import type { DiskFile } from "./disk.js";
import { readRange } from "./files.js";

/** Called with a line, without its "\n", its offset in bytes, and whether a "\n" ended it. The bytes are lent for the call only. */
export type OnLine = (line: Buffer, offset: number, complete: boolean) => void;

/** Reads the lines that lie in [from, to) of a file, in bounded memory: some blocks, or the longest line where that is longer. */
export function readLines(file: DiskFile, from: number, to: number, onLine: OnLine): Promise<void> {
  return splitLines(readRange(file, from, to), from, onLine);
}

/** Splits blocks of bytes, the first of which begins at `offset`, into lines. */
export async function splitLines(blocks: AsyncIterable<Buffer>, offset: number, onLine: OnLine): Promise<void> {
  let start = offset;
  for await (const bytes of joinLines(blocks)) {
    const used = completeLines(bytes, (line, at) => onLine(line, start + at, true));
    if (used < bytes.length) onLine(bytes.subarray(used), start + used, false);
    start += bytes.length;
  }
}

/** The same bytes in blocks that end where a line ends; only the last one may not. */
export async function* joinLines(blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  for await (const block of blocks) {
    const end = block.lastIndexOf(NEWLINE) + 1;
    // A line that spans many blocks is put together once, when its end has come.
    if (end > 0) {
      const whole = block.subarray(0, end);
      yield rest.length === 0 ? whole : Buffer.concat([...rest, whole]);
      rest = [];
    }
    if (end < block.length) rest.push(block.subarray(end));
  }
  if (rest.length > 0) yield Buffer.concat(rest);
}

/** Calls `onLine` with each line of `bytes` that a "\n" ends; returns where the rest begins. */
export function completeLines(bytes: Buffer, onLine: (line: Buffer, offset: number) => void): number {
  let start = 0;
  for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
    onLine(bytes.subarray(start, end), start);
    start = end + 1;
  }
  return start;
}

/** Whether a line is nothing but JSON's white space. */
export function isBlank(line: Buffer): boolean {
  for (const byte of line) if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false;
  return true;
}

/** Whether a line is one JSON object in valid UTF-8. */
export function isJsonObject(line: Buffer): boolean {
  return parseJsonObject(line) !== undefined;
}

/** The JSON object that a line is, or undefined when it is none. */
export function parseJsonObject(line: Buffer): object | undefined {
  if (!isUtf8(line)) return undefined;
  try {
    const value: unknown = JSON.parse(line.toString());
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
