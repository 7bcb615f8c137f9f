import { pipeline, type Transform } from "node:stream";
import { createGunzip, createGzip } from "node:zlib";
import { type Compression, compressionOf } from "../format.js";
import { errorCode } from "./errors.js";
import { createZstd, unzstd, ZSTD_PROBLEM } from "./zstd.js";

const BLOCK_BYTES = 256 * 1024;

/** What compresses a file's bytes; reading it again finds every flipped bit and a missing end. */
export function createCompressor(compression: Compression): Transform {
  return compression === "gzip" ? createGzip() : createZstd();
}

/** Why this Node cannot read a file of the name, whatever is in it; undefined: it can. */
export function compressionProblem(name: string): string | undefined {
  return compressionOf(name) === "zstd" ? ZSTD_PROBLEM : undefined;
}

/**
 * The content of a file, by the suffix of its name. Throws where it is damaged or ends too early, and where this Node does not have
 * its compression: such an error has no code.
 */
export function decompressed(path: string, blocks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const compression = compressionOf(path);
  return compression === undefined ? blocks : decompress(compression, blocks);
}

async function* decompress(compression: Compression, blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* compression === "gzip" ? gunzip(blocks) : unzstd(blocks, BLOCK_BYTES);
  } catch (error) {
    // zlib's errno values overlap with the system's: its -5 is not EIO.
    if (!/^Z(STD)?_/.test(errorCode(error))) throw error;
    throw new Error(`damaged ${compression}: ${error instanceof Error ? error.message : ""}`);
  }
}

async function* gunzip(blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const plain = createGunzip({ chunkSize: BLOCK_BYTES });
  // An error on either side destroys both, and ends the loop below with it.
  pipeline(blocks, plain, () => undefined);
  yield* plain;
}
