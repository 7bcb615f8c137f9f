import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { basename, dirname } from "node:path";
import {
  type Checksum,
  type Checksums,
  compressionOf,
  compressionProblem,
  decompressed,
  digestOf,
  errorCode,
  errorText,
  namesOfStem,
  nodeDisk,
  parseSegmentName,
  readBlocks,
  readChecksums,
} from "../journal/index.js";
import type { JournalFile } from "./files.js";

/** Which files can be read, and what is wrong with the others, a line each that names the file. */
export interface Soundness {
  readonly sound: readonly string[];
  readonly damaged: readonly string[];
  /** The sound ones that have the checksum with which a service has sealed them, and no odd lines. */
  readonly sealed: ReadonlySet<string>;
}

/** Files checked at once: hashing and decompressing take a core each. */
const CHECKS_MAX = 2;

/**
 * Checks whether files are whole. DuckDB answers from a compressed file that is cut off or altered as if nothing were wrong, so the
 * checksum of the sealed segments is compared; where there is none, or another, the file is decompressed, which checks its content.
 *
 * @param expectedChecksum see `createChecksums`
 * @throws when the signal is aborted
 */
export async function checkFiles(
  files: readonly Pick<JournalFile, "path" | "fallback">[],
  signal: AbortSignal,
  expectedChecksum = createChecksums(),
): Promise<Soundness> {
  const sealed = new Set<string>();
  const results: { readonly path?: string; readonly problem?: string }[] = [];
  const waiting = [...files.entries()];
  async function work(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, { path, fallback }] = next;
      const problem = await findProblem(path, expectedChecksum, sealed, signal);
      if (problem === undefined) results[index] = { path };
      else if (fallback !== undefined && (await findProblem(fallback, expectedChecksum, sealed, signal)) === undefined)
        results[index] = { path: fallback };
      else results[index] = { problem: `${path}: left out: ${problem}` };
    }
  }
  await Promise.all(Array.from({ length: CHECKS_MAX }, work));
  return {
    sound: results.flatMap(({ path }) => path ?? []),
    damaged: results.flatMap(({ problem }) => problem ?? []),
    sealed,
  };
}

type ExpectedChecksum = (path: string) => Promise<Checksum | undefined>;

/** Undefined for a file that can be read whole, and for one that has gone since it was listed: its reader lists again. */
async function findProblem(
  path: string,
  expectedChecksum: ExpectedChecksum,
  sealed: Set<string>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const blocks = () => untilAborted(readBlocks(nodeDisk, path), signal);
  try {
    if (compressionOf(path) === undefined) {
      await access(path, constants.R_OK);
      return undefined;
    }
    // What a checksum shows to be whole is read all the same, to see how it begins.
    const unreadable = compressionProblem(path);
    if (unreadable !== undefined) return unreadable;
    const expected = await expectedChecksum(path);
    if (expected?.odd === false && expected.digest === (await digestOf(blocks()))) {
      sealed.add(path);
      return undefined;
    }
    for await (const _ of decompressed(path, blocks())) {
      // Reading to the end checks the content.
    }
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    return errorCode(error) === "ENOENT" ? undefined : errorText(error);
  }
}

async function* untilAborted(blocks: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer> {
  for await (const block of blocks) {
    signal.throwIfAborted();
    yield block;
  }
}

/** What the `<stem>.sha256` beside a segment says of it; reads each list once. */
export function createChecksums(): ExpectedChecksum {
  const lists = new Map<string, Promise<Checksums>>();
  return async (path) => {
    const stem = parseSegmentName(basename(path))?.stem;
    if (stem === undefined) return undefined;
    const names = namesOfStem(dirname(path), stem);
    const list = lists.get(names.checksums) ?? readChecksums(nodeDisk, names).catch(() => new Map());
    lists.set(names.checksums, list);
    return (await list).get(basename(path));
  };
}
