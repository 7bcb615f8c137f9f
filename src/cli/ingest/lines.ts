import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { describeFileError, errorCode } from "../../config/errors.js";
import { type CliContext, WorkError } from "../context.js";

/** Longer lines are not kept: DuckDB refuses objects beyond this, and a reader needs some bound. */
export const maxLineBytes = 16 * 1024 * 1024;

const chunkBytes = 256 * 1024;
const newline = 0x0a;
const carriageReturn = 0x0d;

/** One line of a file. */
export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without what ends it; undefined when it is longer than `maxLineBytes`. */
  readonly bytes: Buffer | undefined;
  /** "" for a last line that nothing ends. */
  readonly ending: "\n" | "\r\n" | "";
}

/** Opens a file for `readLines`; `-` is standard input, and `.gz` files are gunzipped. Failures come with the first read. */
export function openInput(file: string, { stdin, cwd }: Pick<CliContext, "stdin" | "cwd">): Readable {
  if (file === "-") return stdin;
  const bytes = createReadStream(resolve(cwd, file), { highWaterMark: chunkBytes });
  // An error on either side destroys both.
  const input = file.endsWith(".gz")
    ? pipeline(bytes, createGunzip({ chunkSize: chunkBytes }), () => undefined)
    : bytes;
  // Whoever reads meets the error. Before that, or when nobody comes to read, it must not end the process.
  return input.on("error", () => undefined);
}

/**
 * Cuts bytes into lines, some at a time, blank ones left out but counted. What is kept is at most one line and one chunk.
 *
 * @param name names the file in messages
 * @throws WorkError when reading fails
 */
export async function* readLines(source: AsyncIterable<Buffer>, name: string): AsyncGenerator<readonly Line[]> {
  const cutter = createCutter();
  try {
    for await (const chunk of source) yield cutter.cut(chunk);
  } catch (error) {
    throw new WorkError(`${name}: cannot read: ${describeReadError(error)}`);
  }
  yield cutter.end();
}

/** zlib's codes say less than its messages. */
function describeReadError(error: unknown): string {
  const damaged = error instanceof Error && errorCode(error)?.startsWith("Z_") === true;
  return damaged ? `damaged gzip: ${error.message}` : describeFileError(error);
}

function createCutter() {
  let number = 0;
  /** The begun line; emptied once it is too long. */
  let parts: Buffer[] = [];
  let length = 0;

  function keep(part: Buffer): void {
    length += part.length;
    if (length > maxLineBytes + 1) parts = [];
    else parts.push(part);
  }

  function finish(lines: Line[], ended: boolean): void {
    number += 1;
    const whole = parts.length === 1 ? parts[0] : Buffer.concat(parts);
    const kept = whole !== undefined && whole.length === length ? whole : undefined;
    parts = [];
    length = 0;
    if (kept === undefined) {
      lines.push({ number, bytes: undefined, ending: ended ? "\n" : "" });
      return;
    }
    const windows = ended && kept.at(-1) === carriageReturn;
    const bytes = windows ? kept.subarray(0, -1) : kept;
    if (isBlank(bytes)) return;
    const fits = bytes.length <= maxLineBytes;
    lines.push({ number, bytes: fits ? bytes : undefined, ending: windows ? "\r\n" : ended ? "\n" : "" });
  }

  return {
    cut(chunk: Buffer): readonly Line[] {
      const lines: Line[] = [];
      let begin = 0;
      for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, begin)) {
        keep(chunk.subarray(begin, end));
        finish(lines, true);
        begin = end + 1;
      }
      if (begin < chunk.length) keep(chunk.subarray(begin));
      return lines;
    },
    end(): readonly Line[] {
      const lines: Line[] = [];
      if (length > 0) finish(lines, false);
      return lines;
    },
  };
}

function isBlank(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte !== 0x20 && byte !== 0x09 && byte !== carriageReturn) return false;
  return true;
}
