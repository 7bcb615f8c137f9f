import { basename } from "node:path";
import {
  errorCode,
  errorText,
  type FileStatus,
  findDisorder,
  findJournals,
  isLogPath,
  type JournalNames,
  journalNames,
  listSegments,
  nodeDisk,
  plainName,
  type Segment,
} from "../journal/index.js";
import { isSessionLine } from "../record/index.js";
import { ReadError } from "./errors.js";

/** The files of a session log as they stand at one moment. */
export interface JournalFiles {
  /** Absolute paths, oldest rows first, each row in one of them only. */
  readonly files: readonly JournalFile[];
  /** What is odd about them, a line each. */
  readonly warnings: readonly string[];
  /** Whether no segment was skipped. */
  readonly complete: boolean;
  /** Two listings with the same text found the same names. */
  readonly names: string;
  /** Two listings with the same text found the same rows, compressed meanwhile or not, but for new ones of the active file. */
  readonly rows: string;
}

/** By its name; whether it is of these very rows has to be checked. */
export interface ParquetCopy {
  readonly path: string;
  readonly first: number;
  readonly last: number;
}

export interface JournalFile {
  readonly path: string;
  /** Read in place of `path` when that is damaged. */
  readonly fallback: string | undefined;
  /** The Parquet copy of a sealed segment, if there is one: see `chooseParquet`. */
  readonly parquet: ParquetCopy | undefined;
  /** Whether rows may be appended to it, so that its last line may be torn. */
  readonly active: boolean;
}

/**
 * The files to read for what a user named, links followed: a journal's directory, its active file, which stands for the whole journal, or other
 * files, which stand for themselves. The files may be gone when they are opened: the service seals and compresses.
 *
 * @param paths absolute
 * @throws ReadError when there is no session log
 */
export async function findFiles(paths: readonly string[]): Promise<JournalFiles> {
  const found = new Map<string, JournalFile>();
  const rows: string[] = [];
  const warnings: string[] = [];
  let complete = true;
  for (const named of paths) {
    const path = await nodeDisk.resolve(named);
    const journal = await journalOf(path, await statusOf(path));
    const listed = journal === undefined ? { files: [alone(path)], skipped: [] } : await listJournal(journal, warnings);
    const { files, skipped } = listed;
    complete &&= skipped.length === 0;
    if (files.length === 0) throw new ReadError(`${path}: there is no session log here`);
    for (const file of files) {
      found.set(file.path, file);
      // A sealed file never changes; the active one is another once it is sealed.
      rows.push(file.active ? `${file.path} ${(await statusOf(file.path))?.identity}` : plainName(file.path));
    }
  }
  const names = [...found.values()].map(({ path, parquet }) => `${path} ${parquet?.path}`).join("\n");
  return { files: [...found.values()], warnings, complete, names, rows: rows.join("\n") };
}

/**
 * The session log that a user named, by its directory or its active file, links followed.
 *
 * @param named absolute
 * @throws ReadError when there is none
 */
export async function findJournal(named: string): Promise<JournalNames> {
  const path = await nodeDisk.resolve(named);
  const journal = await journalOf(path, await statusOf(path));
  if (journal === undefined) throw new ReadError(`${path}: is not a session log's directory or active file (.jsonl)`);
  return journal;
}

/** The journal that the path stands for; undefined when it stands for that one file. */
async function journalOf(path: string, status: FileStatus | undefined): Promise<JournalNames | undefined> {
  if (status?.directory === true) return journalIn(path);
  if (isLogPath(path)) return journalNames(path);
  if (status === undefined) throw new ReadError(`${path}: no such file or directory`);
  return undefined;
}

async function journalIn(directory: string): Promise<JournalNames> {
  const { journals, foreign } = await findJournals(nodeDisk, directory, isSessionLine).catch((error) => {
    throw new ReadError(`${directory}: cannot be read: ${errorText(error)}`);
  });
  const [journal, ...others] = journals;
  if (journal === undefined) {
    const unread = foreign.filter(({ file, severity }) => severity === "problem" || file.endsWith(".jsonl"));
    const why = unread.map(({ file, message }) => `; ${file}: ${message}`).join("");
    throw new ReadError(`${directory}: there is no session log here${why}`);
  }
  if (others.length > 0) {
    const names = journals.map(({ active }) => basename(active)).join(", ");
    throw new ReadError(`${directory}: there are several session logs here, name one of ${names}`);
  }
  return journal;
}

/** A segment's files, the one to read first: the compressed twin, as once it is there, the plain one may go at any time. */
export function readerPaths({ plain, compressed }: Segment): readonly string[] {
  return plain === undefined ? compressed : [...compressed, plain];
}

/** A segment as it is read; undefined when it has neither file. */
export function sealedFile(segment: Segment): JournalFile | undefined {
  const { parquet, first, last } = segment;
  const [path, fallback] = readerPaths(segment);
  const copy = parquet === undefined ? undefined : { path: parquet, first, last };
  return path === undefined ? undefined : { path, fallback, parquet: copy, active: false };
}

/** Adds to `warnings` what is odd about the segments. */
async function listJournal(names: JournalNames, warnings: string[]) {
  // First: between the two renames of a sealing there is no active file, but then its rows are in a segment.
  const active = await statusOf(names.active);
  const { segments, skipped } = await listSegments(nodeDisk, names).catch((error) => {
    const gone = errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR";
    throw new ReadError(`${names.active}: ${gone ? "there is no session log here" : errorText(error)}`);
  });
  warnings.push(...[...skipped, ...findDisorder(segments)].map(({ path, message }) => `${path}: ${message}`));
  const files = segments.flatMap((segment) => sealedFile(segment) ?? []);
  if (active === undefined) return { files, skipped };
  if (active.regular) return { files: [...files, { ...alone(names.active), active: true }], skipped };
  throw new ReadError(`${names.active}: is not a regular file`);
}

const alone = (path: string): JournalFile => ({ path, fallback: undefined, parquet: undefined, active: false });

const statusOf = (path: string) => nodeDisk.status(path).catch(() => undefined);
