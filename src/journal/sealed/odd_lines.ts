import type { Disk } from "../disk/disk.js";
import { errorCode } from "../disk/errors.js";
import { readBlocks } from "../disk/files.js";
import { gunzip } from "../disk/gunzip.js";
import { eachLine, joinLines, LINE_BYTES_MAX, skipMark } from "../disk/lines.js";

/**
 * Whether a sealed file, plain or gzipped, has odd lines, or is damaged gzip, so that nobody knows.
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
  const blocks = readBlocks(disk, path);
  let odd = false;
  try {
    for await (const bytes of joinLines(skipMark(path.endsWith(".gz") ? gunzip(blocks) : blocks), LINE_BYTES_MAX)) {
      signal.throwIfAborted();
      eachLine(bytes, (line) => {
        odd ||= isOdd(line.length > LINE_BYTES_MAX ? undefined : line);
      });
      if (odd) return true;
    }
    return false;
  } catch (error) {
    // Damaged gzip has no code of the system.
    if (signal.aborted || errorCode(error) !== "") throw error;
    return true;
  }
}
