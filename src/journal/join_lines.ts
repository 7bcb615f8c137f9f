/**
 * All the lines in one buffer. Lines that follow one another in memory, as they are made, are taken as one: they are
 * copied together, or not at all when there are no others. The buffer may be the lines' own memory.
 */
export function joinLines(lines: readonly Uint8Array[]): Buffer {
  const runs: Buffer[] = [];
  let run: { readonly memory: ArrayBufferLike; readonly start: number; end: number } | undefined;
  for (const { buffer, byteOffset, byteLength } of lines) {
    if (run?.memory === buffer && run.end === byteOffset) {
      run.end += byteLength;
      continue;
    }
    if (run !== undefined) runs.push(viewOf(run));
    run = { memory: buffer, start: byteOffset, end: byteOffset + byteLength };
  }
  if (run !== undefined) runs.push(viewOf(run));
  const [only] = runs;
  return only !== undefined && runs.length === 1 ? only : Buffer.concat(runs);
}

function viewOf({ memory, start, end }: { memory: ArrayBufferLike; start: number; end: number }): Buffer {
  return Buffer.from(memory, start, end - start);
}
