import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { access, constants, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import type { JournalFile } from "./files.js";

/** Which files can be read, and what is wrong with the others, a line each that names the file. */
export interface Soundness {
  readonly sound: readonly string[];
  readonly damaged: readonly string[];
}

const blockBytes = 1024 * 1024;
/** Files looked at at once: hashing and inflating take a core each. */
const atOnce = 2;

/**
 * Looks whether files are whole. DuckDB answers from a gzip file that is cut off or altered as if nothing were wrong, so the
 * checksum of the sealed segments is compared; where there is none, or another, the file is inflated, which checks its CRC.
 *
 * @throws when the signal is aborted
 */
export async function checkFiles(files: readonly JournalFile[], signal: AbortSignal): Promise<Soundness> {
  const checksums = createChecksums();
  const results: { readonly path?: string; readonly problem?: string }[] = [];
  const waiting = [...files.entries()];
  async function work(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, file] = next;
      results[index] = await checkFile(file, checksums, signal);
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work));
  return {
    sound: results.flatMap(({ path }) => path ?? []),
    damaged: results.flatMap(({ problem }) => problem ?? []),
  };
}

type Checksums = (path: string) => Promise<string | undefined>;

async function checkFile({ path, otherwise }: JournalFile, checksums: Checksums, signal: AbortSignal) {
  const problem = path.endsWith(".gz") ? await gzipProblem(path, checksums, signal) : await accessProblem(path);
  if (problem === undefined) return { path };
  if (otherwise !== undefined && (await accessProblem(otherwise)) === undefined) return { path: otherwise };
  return { problem: `${path}: ${problem}` };
}

async function accessProblem(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.R_OK);
    return undefined;
  } catch (error) {
    return isMissing(error) ? undefined : "cannot be read: permission denied";
  }
}

async function gzipProblem(path: string, checksums: Checksums, signal: AbortSignal): Promise<string | undefined> {
  try {
    const expected = await checksums(path);
    if (expected !== undefined && expected === (await digestOf(path, signal))) return undefined;
    const nothing = new Writable({ write: (_block, _encoding, done) => done() });
    await pipeline(createReadStream(path, { highWaterMark: blockBytes }), createGunzip(), nothing, { signal });
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    // It went away after it was listed: the one who reads next finds out, and lists anew.
    if (isMissing(error)) return undefined;
    return `is damaged and left out: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function digestOf(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const block of createReadStream(path, { highWaterMark: blockBytes, signal })) hash.update(block);
  return hash.digest("hex");
}

/** Reads the `<stem>.sha256` beside a segment, each once. */
function createChecksums(): Checksums {
  const files = new Map<string, Promise<ReadonlyMap<string, string>>>();
  return async (path) => {
    const stem = /^(.+)-\d{20}-\d{20}\.jsonl\.gz$/.exec(basename(path))?.[1];
    if (stem === undefined) return undefined;
    const file = join(dirname(path), `${stem}.sha256`);
    const known = files.get(file) ?? readChecksums(file);
    files.set(file, known);
    return (await known).get(basename(path));
  };
}

async function readChecksums(file: string): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(file, "utf8").catch(() => "");
  const lines = text.split("\n").map((line) => /^([0-9a-f]{64}) [ *](.+)$/.exec(line));
  return new Map(lines.flatMap((match) => (match?.[1] && match[2] ? [[match[2], match[1]] as const] : [])));
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
