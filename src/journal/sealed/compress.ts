import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { Disk } from "../disk/disk.js";
import { readBlocks, writeAll } from "../disk/files.js";
import { gzipName, temporaryName } from "../format.js";

/**
 * Writes the gzipped twin of a sealed file, synced, under its final name; the name is not durable yet. The twin keeps the
 * file's time, which is when it was sealed. Resolves with its SHA-256, hex; rejects with AbortError when the signal is aborted.
 */
export async function compressSegment(disk: Disk, plain: string, signal: AbortSignal): Promise<string> {
  const temporary = temporaryName(gzipName(plain));
  const hash = createHash("sha256");
  const file = await disk.open(temporary, "replace");
  try {
    let position = 0;
    await pipeline(
      readBlocks(disk, plain),
      createGzip(),
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
  await disk.rename(temporary, gzipName(plain));
  return hash.digest("hex");
}
