import { createHash, type Hash } from "node:crypto";
import { decompressed } from "../disk/compression.js";
import type { Disk } from "../disk/disk.js";
import { readBlocks } from "../disk/files.js";
import { eachLine, isBlank, LINE_BYTES_MAX, lineBlocks } from "../disk/lines.js";
import { compressionOf } from "../format.js";

/**
 * Called with a non-blank line, without its "\n", its number in the file, and whether a "\n" ended it. The line is undefined when
 * it is longer than `LINE_BYTES_MAX`, and lent for the call only.
 */
export type OnNumberedLine = (line: Buffer | undefined, number: number, ended: boolean) => void;

/** The content of a sealed file. */
export interface SealedContent {
  readonly rows: number;
  /** SHA-256 of the file, hex. */
  readonly digest: string;
  /** SHA-256 of its lines, hex: the file's own, unless it is compressed. */
  readonly lines_digest: string;
}

/**
 * Reads a sealed file, plain or compressed, once.
 *
 * @param rest awaited between blocks: reading pauses until it resolves
 * @throws the error of the disk or of zlib
 */
export async function readSealed(
  disk: Disk,
  path: string,
  onLine: OnNumberedLine,
  rest: () => Promise<void>,
): Promise<SealedContent> {
  const [bytes_hash, lines_hash] = [createHash("sha256"), createHash("sha256")];
  const bytes = hashed(readBlocks(disk, path), bytes_hash);
  const compressed = compressionOf(path) !== undefined;
  const lines = compressed ? hashed(decompressed(path, bytes), lines_hash) : bytes;
  const rows = await readNumbered(lines, onLine, rest);
  const digest = bytes_hash.digest("hex");
  return { rows, digest, lines_digest: compressed ? lines_hash.digest("hex") : digest };
}

/** Calls `onLine` with each non-blank line of the blocks; resolves with their number. Throws as `readSealed`. */
export async function readNumbered(
  blocks: AsyncIterable<Buffer>,
  onLine: OnNumberedLine,
  rest: () => Promise<void>,
): Promise<number> {
  let number = 0;
  let rows = 0;
  for await (const bytes of lineBlocks(blocks)) {
    eachLine(bytes, (line, _offset, ended) => {
      number++;
      if (isBlank(line)) return;
      rows++;
      onLine(line.length > LINE_BYTES_MAX ? undefined : line, number, ended);
    });
    await rest();
  }
  return rows;
}

async function* hashed(blocks: AsyncIterable<Buffer>, hash: Hash): AsyncGenerator<Buffer> {
  for await (const block of blocks) {
    hash.update(block);
    yield block;
  }
}
