import { eachLine, isJsonObject } from "../disk/lines.js";

/** The repair of an active file's end, planned over its bytes from the start of a line. */
export interface TailRepair {
  /** Offset of the first line that is not a JSON object; undefined when there is none. The bytes from there are set aside. */
  readonly cut: number | undefined;
  /** The complete rows after that line, each without its "\n": they are appended again. */
  readonly kept: readonly Buffer[];
  /** Without a cut: whether the last row lacks its "\n". */
  readonly unended: boolean;
}

/** Plans the repair of what a crash or another program left at the end of the file. Pure; `bytes` begin at a line's start. */
export function planTailRepair(bytes: Buffer): TailRepair {
  let cut: number | undefined;
  const kept: Buffer[] = [];
  let unended = false;
  eachLine(bytes, (line, offset, ended) => {
    const row = isJsonObject(line);
    if (cut !== undefined && row) kept.push(line);
    if (cut === undefined && !row) cut = offset;
    unended = !ended;
  });
  return { cut, kept, unended: cut === undefined && unended };
}
