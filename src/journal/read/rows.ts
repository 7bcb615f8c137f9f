import { eachLine, isBlank, joinLines } from "../disk/lines.js";
import type { Rows } from "../types.js";

/** The rows of blocks of bytes from `from_sequence` on; the first row of the blocks is `first_sequence`. */
export async function* numberRows(
  blocks: AsyncIterable<Buffer>,
  first_sequence: number,
  from_sequence: number,
): AsyncGenerator<Rows> {
  let next = first_sequence;
  for await (const bytes of joinLines(blocks)) {
    const lines = rowsOf(bytes);
    const skipped = Math.max(0, from_sequence - next);
    if (skipped < lines.length) yield { first_sequence: next + skipped, lines: lines.slice(skipped) };
    next += lines.length;
  }
}

/** The lines of `bytes` that are not blank; the last one need not have its "\n". */
export function rowsOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  eachLine(bytes, (line) => {
    if (!isBlank(line)) lines.push(line);
  });
  return lines;
}
