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

export interface JournalFile {
  readonly path: string;
  /** Read in place of `path` when that is damaged. */
  readonly fallback: string | undefined;
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
  const names = [...found.keys()].join("\n");
  return { files: [...found.values()], warnings, complete, names, rows: rows.join("\n") };
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

/** Adds to `warnings` what is odd about the segments. */
async function listJournal(names: JournalNames, warnings: string[]) {
  const { segments, skipped } = await listSegments(nodeDisk, names).catch((error) => {
    const gone = errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR";
    throw new ReadError(`${names.active}: ${gone ? "there is no session log here" : errorText(error)}`);
  });
  warnings.push(...[...skipped, ...findDisorder(segments)].map(({ path, message }) => `${path}: ${message}`));
  // The compressed twin first: once it is there, the plain one may go at any time.
  const files = segments.flatMap(({ plain, compressed }): JournalFile[] => {
    const [path, fallback] = plain === undefined ? compressed : [...compressed, plain];
    return path === undefined ? [] : [{ path, fallback, active: false }];
  });
  const active = await statusOf(names.active);
  if (active === undefined) return { files, skipped };
  if (active.regular) return { files: [...files, { ...alone(names.active), active: true }], skipped };
  throw new ReadError(`${names.active}: is not a regular file`);
}

const alone = (path: string): JournalFile => ({ path, fallback: undefined, active: false });

const statusOf = (path: string) => nodeDisk.status(path).catch(() => undefined);
