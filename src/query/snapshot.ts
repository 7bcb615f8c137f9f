import { type FileHandle, open } from "node:fs/promises";
import { compressionOf } from "../journal/index.js";
import { ReadError } from "./errors.js";
import { findFiles, type JournalFile } from "./files.js";

/**
 * The files of a session log at one moment. The uncompressed ones are held open, so that DuckDB opens what was listed, even after a
 * rename. DuckDB's sandbox allows only the names listed at first: a file renamed before it is opened is refused, never mistaken for another.
 */
export interface Snapshot {
  readonly files: readonly JournalFile[];
  /** What is odd about them, a line each. */
  readonly warnings: readonly string[];
  /** Whether no segment was skipped. */
  readonly complete: boolean;
  /** Two snapshots with the same text have the same names. */
  readonly names: string;
  /** The path to open a file by: it may have been renamed. */
  openPath(path: string): string;
  /** The file's name, from a path of `openPath`. */
  nameOf(opened: string): string;
  close(): Promise<void>;
}

/** Only the newest uncompressed files are held: older ones were compressed long ago, or never will be. */
const HELD_MAX = 256;
const TRIES_MAX = 20;

/**
 * Lists the files and opens the uncompressed ones, until the listing is the same before and after: if the active file were sealed
 * in between, its rows would be missing or counted twice.
 *
 * @param paths see `findFiles`
 * @throws ReadError
 */
export async function takeSnapshot(paths: readonly string[]): Promise<Snapshot> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const found = await findFiles(paths);
    const plain = found.files.filter(({ path }) => compressionOf(path) === undefined).slice(-HELD_MAX);
    const held = await openAll(plain);
    if (held !== undefined && (await findFiles(paths)).rows === found.rows) return createSnapshot(found, held);
    await closeAll(held);
  }
  throw new ReadError(`${paths.join(", ")}: the files change faster than they can be listed`);
}

function createSnapshot(found: Awaited<ReturnType<typeof findFiles>>, held: ReadonlyMap<string, FileHandle>): Snapshot {
  // Windows has no names for open files.
  const named = process.platform === "win32" ? [] : [...held];
  const opened = new Map(named.map(([path, file]) => [path, `/dev/fd/${file.fd}`]));
  const names = new Map([...opened].map(([path, open]) => [open, path]));
  return {
    files: found.files,
    warnings: found.warnings,
    complete: found.complete,
    names: found.names,
    openPath: (path) => opened.get(path) ?? path,
    nameOf: (path) => names.get(path) ?? path,
    close: () => closeAll(held),
  };
}

/** Undefined when one is gone; other errors are left to the reader. */
async function openAll(files: readonly JournalFile[]): Promise<ReadonlyMap<string, FileHandle> | undefined> {
  const held = new Map<string, FileHandle>();
  for (const { path } of files) {
    try {
      held.set(path, await open(path, "r"));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) continue;
      await closeAll(held);
      return undefined;
    }
  }
  return held;
}

async function closeAll(held: ReadonlyMap<string, FileHandle> | undefined): Promise<void> {
  for (const file of held?.values() ?? []) await file.close();
}
