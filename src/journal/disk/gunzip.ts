import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { errorCode } from "./errors.js";

const BLOCK_BYTES = 256 * 1024;

/** The bytes that gzipped blocks hold, block by block. Throws where they are damaged or end too early. */
export async function* gunzip(blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const plain = createGunzip({ chunkSize: BLOCK_BYTES });
  // An error on either side destroys both, and ends the loop below with it.
  pipeline(blocks, plain, () => undefined);
  try {
    for await (const block of plain) yield block;
  } catch (error) {
    // zlib's errno values overlap with the system's: its -5 is not EIO.
    if (!errorCode(error).startsWith("Z_")) throw error;
    throw new Error(`damaged gzip: ${error instanceof Error ? error.message : ""}`);
  }
}

/** The content of a file, by its name: that of one ending in .gz is decompressed. */
export function unzipped(path: string, blocks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  return path.endsWith(".gz") ? gunzip(blocks) : blocks;
}
