import { decompressed } from "../disk/compression.js";
import type { Disk } from "../disk/disk.js";
import { errorCode } from "../disk/errors.js";
import { readBlocks } from "../disk/files.js";
import { eachLine, LINE_BYTES_MAX, lineBlocks } from "../disk/lines.js";

/**
 * Whether a sealed file, plain or compressed, has odd lines, or cannot be decompressed, so that nobody knows.
 *
 * @param isOdd see JournalOptions
 * @throws the error of the disk, or the signal's reason
 */
export async function hasOddLines(
  disk: Disk,
  path: string,
  isOdd: (line: Buffer | undefined) => boolean,
  signal: AbortSignal,
): Promise<boolean> {
  let odd = false;
  try {
    for await (const bytes of lineBlocks(decompressed(path, readBlocks(disk, path)))) {
      signal.throwIfAborted();
      eachLine(bytes, (line) => {
        odd ||= isOdd(line.length > LINE_BYTES_MAX ? undefined : line);
      });
      if (odd) return true;
    }
    return false;
  } catch (error) {
    // What cannot be decompressed has no code of the system.
    if (signal.aborted || errorCode(error) !== "") throw error;
    return true;
  }
}
