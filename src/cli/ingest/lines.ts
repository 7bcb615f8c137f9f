import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { describeFileError } from "../../config/errors.js";
import { decompressed, eachLine, isBlank, LINE_BYTES_MAX, lineBlocks } from "../../journal/index.js";
import { type CliContext, WorkError } from "../context.js";

const CHUNK_BYTES = 256 * 1024;
const CARRIAGE_RETURN = 0x0d;

/** One line of a file. */
export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without its ending; undefined when it is longer than `LINE_BYTES_MAX`. */
  readonly bytes: Buffer | undefined;
  /** "" for a last line without a newline. */
  readonly ending: "\n" | "\r\n" | "";
  /** The offset after it, in a file that is followed. */
  readonly end?: number;
}

/** The bytes of a file for `readLines`: `-` is standard input, `.gz` and `.zst` are decompressed. The first read opens the file. */
export function openInput(file: string, { stdin, cwd }: Pick<CliContext, "stdin" | "cwd">): AsyncIterable<Buffer> {
  if (file === "-") return stdin;
  return decompressed(file, readFile(resolve(cwd, file)));
}

/** A stream, since a pipe has no positions to read at. */
async function* readFile(path: string): AsyncGenerator<Buffer> {
  yield* createReadStream(path, { highWaterMark: CHUNK_BYTES });
}

/**
 * Cuts bytes into groups of lines; blank lines are counted, but left out. Memory holds at most one line and one chunk.
 *
 * @param name names the file in messages
 * @throws WorkError when reading fails
 */
export async function* readLines(source: AsyncIterable<Buffer>, name: string): AsyncGenerator<readonly Line[]> {
  let number = 0;
  try {
    for await (const bytes of lineBlocks(source)) {
      const lines: Line[] = [];
      eachLine(bytes, (line, _offset, ended) => {
        number += 1;
        lines.push(...lineOf(number, line, ended));
      });
      yield lines;
    }
  } catch (error) {
    throw new WorkError(`${name}: cannot read: ${describeFileError(error)}`);
  }
}

/** A line, if it is not blank. */
function lineOf(number: number, line: Buffer, ended: boolean): readonly Line[] {
  const windows = ended && line.at(-1) === CARRIAGE_RETURN;
  const content = windows ? line.subarray(0, -1) : line;
  if (isBlank(content)) return [];
  const fits = content.length <= LINE_BYTES_MAX;
  return [{ number, bytes: fits ? content : undefined, ending: windows ? "\r\n" : ended ? "\n" : "" }];
}

export interface LineSplitter {
  /** The lines that end in the next bytes. */
  add(chunk: Buffer): readonly Line[];
  /** A last line without a newline, if there is one. */
  rest(): readonly Line[];
}

/** Cuts the bytes of a file from an offset on into lines, as `readLines`; `number` is that of the line before. */
export function createLineSplitter(offset: number, number: number): LineSplitter {
  let parts: Buffer[] = [];
  let length = 0;
  let end = offset;
  let last = number;
  function push(piece: Buffer): void {
    if (length <= LINE_BYTES_MAX + 1) parts.push(piece);
    length += piece.length;
    end += piece.length;
  }
  function take(ended: boolean): readonly Line[] {
    const lines = lineOf(++last, Buffer.concat(parts), ended);
    parts = [];
    length = 0;
    return lines.map((line) => ({ ...line, end }));
  }
  return {
    add(chunk) {
      const lines: Line[] = [];
      eachLine(chunk, (piece, _offset, ended) => {
        push(piece);
        if (!ended) return;
        end += 1;
        lines.push(...take(true));
      });
      return lines;
    },
    rest: () => (length === 0 ? [] : take(false)),
  };
}
