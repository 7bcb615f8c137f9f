import { createReadStream } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { decompressed, eachLine, errorCode, LINE_BYTES_MAX, lineBlocks, withoutMark } from "../journal/index.js";
import { judgeLine, type Unreadable } from "../record/index.js";

/** What the lines of a file are, as all readers of session logs judge them. */
export interface JudgedFile {
  readonly foreign: ReadonlyMap<string | undefined, number>;
  readonly unreadable: number;
  readonly first_unreadable: { readonly line: number; readonly why: Unreadable } | undefined;
  /** Whether DuckDB takes the file for something else: it reads a copy then. */
  readonly odd: boolean;
  /** Whether the last line has no "\n" and cannot be read: a service is writing it, or was when it was killed. It is not counted. */
  readonly torn: boolean;
}

const BLOCK_BYTES = 256 * 1024;

/** Stands for a line that cannot be read, so that the lines of the copy are those of the file. */
const UNREADABLE = Buffer.from("{}\n");

/**
 * Judges the lines of a file, plain or compressed.
 *
 * @param write gets the file as DuckDB has to read it: without a byte order mark, without what only DuckDB takes for JSON, and with
 *   the last value of keys that an object has twice
 * @throws the error of the disk or of zlib, or the signal's reason
 */
export async function judgeFile(
  path: string,
  signal: AbortSignal,
  write?: (bytes: Buffer) => Promise<void>,
): Promise<JudgedFile> {
  const foreign = new Map<string | undefined, number>();
  let unreadable = 0;
  let first_unreadable: JudgedFile["first_unreadable"];
  let odd = await beginsWithMark(path);
  let torn = false;
  let number = 0;
  for await (const bytes of lineBlocks(decompressed(path, readBlocks(path)))) {
    signal.throwIfAborted();
    const parts: Buffer[] = [];
    eachLine(bytes, (line, offset, ended) => {
      number++;
      const judged = judgeLine(line.length > LINE_BYTES_MAX ? undefined : line);
      const whole = bytes.subarray(offset, offset + line.length + 1);
      if (judged.kind === "unreadable") {
        torn = !ended;
        if (torn) return;
        odd = true;
        unreadable++;
        first_unreadable ??= { line: number, why: judged.why };
        parts.push(UNREADABLE);
      } else if (judged.kind === "row" && judged.ambiguous) {
        odd = true;
        parts.push(lastOfDoubled(line));
      } else {
        if (judged.kind === "foreign") foreign.set(judged.schema, (foreign.get(judged.schema) ?? 0) + 1);
        parts.push(whole);
      }
    });
    await write?.(Buffer.concat(parts));
  }
  return { foreign, unreadable, first_unreadable, odd, torn };
}

/** A file and what DuckDB reads in its place. */
export interface ReadableFile {
  readonly path: string;
  /** Undefined when the file was not judged, since its checksum shows it to be as a service has sealed it. */
  readonly judged: JudgedFile | undefined;
  /** The file, or a copy of it. */
  readonly readable: string;
}

/**
 * Judges the lines of files, and copies odd ones. One that has gone is left to its reader.
 *
 * @param files those whose checksum shows them to be as a service has sealed them are trusted: judging them would cost as much as asking
 * @param directory for the copies; made when there is one
 * @throws as `judgeFile`
 */
export async function makeReadable(
  files: readonly { readonly path: string; readonly trusted: boolean }[],
  directory: string,
  signal: AbortSignal,
): Promise<readonly ReadableFile[]> {
  const readable: ReadableFile[] = [];
  for (const [index, { path, trusted }] of files.entries()) {
    const copy = join(directory, `lines-${index}.jsonl`);
    const judged = await unlessGone(async () =>
      trusted && !(await beginsWithMark(path)) ? undefined : judgeFile(path, signal),
    );
    const copied = judged?.odd === true ? await unlessGone(() => copyFile(path, copy, signal)) : undefined;
    readable.push({ path, judged: copied ?? judged, readable: copied === undefined ? path : copy });
  }
  return readable;
}

async function unlessGone<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    return undefined;
  }
}

async function copyFile(path: string, copy: string, signal: AbortSignal): Promise<JudgedFile> {
  await mkdir(dirname(copy), { recursive: true });
  const file = await open(copy, "w");
  try {
    return await judgeFile(path, signal, (bytes) => file.writeFile(bytes));
  } finally {
    await file.close();
  }
}

/** A row whose objects have each key once, with its last value, as JSON.parse reads it. */
function lastOfDoubled(line: Buffer): Buffer {
  const row: unknown = JSON.parse(line.toString());
  return Buffer.from(`${JSON.stringify(row)}\n`);
}

/** By `/dev/fd/<n>`, too, which the journal's disk refuses as a link. */
async function* readBlocks(path: string, highWaterMark = BLOCK_BYTES): AsyncGenerator<Buffer> {
  yield* createReadStream(path, { highWaterMark });
}

/** Bytes of a file that mostly show how it begins, compressed or not. */
const BEGIN_BYTES = 4096;

/** Whether a file begins with a byte order mark. */
async function beginsWithMark(path: string): Promise<boolean> {
  const begin = decompressed(path, readBlocks(path, BEGIN_BYTES));
  for await (const block of begin) return withoutMark(block).length < block.length;
  return false;
}
