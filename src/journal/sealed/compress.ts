import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";
import { createCompressor } from "../disk/compression.js";
import type { Disk } from "../disk/disk.js";
import { readBlocks, writeAll } from "../disk/files.js";
import { type Compression, compressedName, temporaryName } from "../format.js";

/**
 * Writes the compressed twin of a sealed file, synced, under its final name; the name is not durable yet. The twin keeps the
 * file's time, which is when it was sealed. Resolves with its SHA-256, hex; rejects with AbortError when the signal is aborted.
 */
export async function compressSegment(
  disk: Disk,
  plain: string,
  compression: Compression,
  signal: AbortSignal,
): Promise<string> {
  const name = compressedName(plain, compression);
  const temporary = temporaryName(name);
  const hash = createHash("sha256");
  const file = await disk.open(temporary, "replace");
  try {
    let position = 0;
    await pipeline(
      readBlocks(disk, plain),
      createCompressor(compression),
      async (chunks: AsyncIterable<Buffer>) => {
        for await (const chunk of chunks) {
          await writeAll(file, chunk, position);
          hash.update(chunk);
          position += chunk.length;
        }
      },
      { signal },
    );
    const sealed_at = (await disk.status(plain))?.modified_ms;
    if (sealed_at !== undefined) await file.setModified(sealed_at);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(temporary, name);
  return hash.digest("hex");
}
