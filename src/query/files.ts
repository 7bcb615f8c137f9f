import type { Stats } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { parseSegmentName } from "../journal/index.js";
import { disorder, type Segment } from "../journal/sealed/segments.js";
import { ReadError } from "./errors.js";

/** The files of a session log as they stand at one moment. */
export interface JournalFiles {
  /** Absolute paths, oldest rows first, each row in one of them only. */
  readonly files: readonly JournalFile[];
  /** What is odd about them, a line each. */
  readonly warnings: readonly string[];
  /** Two listings with the same text found the same names. */
  readonly names: string;
  /** Two listings with the same text found the same rows, compressed meanwhile or not, but for new ones of the active file. */
  readonly rows: string;
}

export interface JournalFile {
  readonly path: string;
  /** Read in place of `path` when that is damaged. */
  readonly otherwise: string | undefined;
  /** Whether rows may be appended to it, so that its last line may be torn. */
  readonly active: boolean;
}

/**
 * The files to read for what a user named: a journal's directory, its active file, which stands for the whole journal, or other
 * files, which stand for themselves. The files need not exist still when they are opened: the service seals and compresses.
 *
 * @param paths absolute
 * @throws ReadError when there is no session log
 */
export async function findFiles(paths: readonly string[]): Promise<JournalFiles> {
  const found = new Map<string, JournalFile>();
  const rows: string[] = [];
  const warnings: string[] = [];
  for (const path of paths) {
    const stats = await statOf(path);
    const journal = await journalOf(path, stats);
    const { files, odd } = journal === undefined ? { files: [alone(path)], odd: [] } : await listJournal(journal);
    if (files.length === 0) throw new ReadError(`${path}: there is no session log here`);
    warnings.push(...odd);
    for (const file of files) {
      found.set(file.path, file);
      // A sealed file never changes; the active one is another once it is sealed.
      rows.push(file.active ? `${file.path} ${(await statOf(file.path))?.ino}` : file.path.replace(/\.gz$/, ""));
    }
  }
  return { files: [...found.values()], warnings, names: [...found.keys()].join("\n"), rows: rows.join("\n") };
}

/** The path of the active file of the journal that the path stands for; undefined when it stands for that one file. */
async function journalOf(path: string, stats: Stats | undefined): Promise<string | undefined> {
  if (stats?.isDirectory() === true) return journalIn(path);
  const segment = segmentOf(basename(path));
  if (stats === undefined && (segment !== undefined || !path.endsWith(".jsonl"))) {
    throw new ReadError(`${path}: no such file or directory`);
  }
  return segment === undefined && path.endsWith(".jsonl") ? path : undefined;
}

async function journalIn(directory: string): Promise<string> {
  const logs = new Set<string>();
  // Another program's files may lie beside it: a journal is known by what only a service makes.
  const kept = new Set<string>();
  for (const name of await readdir(directory)) {
    const stem = segmentOf(name) ?? /^(.+)(\.jsonl\.lock|\.state)$/.exec(name)?.[1];
    if (stem !== undefined) kept.add(stem);
    else if (/[^/]\.jsonl$/.test(name)) logs.add(name.slice(0, -".jsonl".length));
  }
  const [stem, ...others] = kept.size > 0 ? [...kept].sort() : [...logs].sort();
  if (stem === undefined) throw new ReadError(`${directory}: there is no session log here`);
  if (others.length > 0) {
    const names = [stem, ...others].map((each) => `${each}.jsonl`).join(", ");
    throw new ReadError(`${directory}: there are several session logs here, name one of ${names}`);
  }
  return join(directory, `${stem}.jsonl`);
}

/** The stem of the journal whose sealed segment has that name. */
function segmentOf(name: string): string | undefined {
  const stem = /^(.+)-\d{20}-\d{20}\.jsonl(\.gz)?$/.exec(name)?.[1];
  return stem !== undefined && parseSegmentName(stem, name) !== undefined ? stem : undefined;
}

async function listJournal(active: string): Promise<{ files: readonly JournalFile[]; odd: readonly string[] }> {
  const directory = dirname(active);
  const stem = basename(active, ".jsonl");
  const segments = new Map<string, Segment>();
  let names: readonly string[];
  try {
    names = await readdir(directory);
  } catch {
    throw new ReadError(`${active}: there is no session log here`);
  }
  for (const name of names) {
    const segment = parseSegmentName(stem, name);
    if (segment === undefined) continue;
    const { first, last, compressed } = segment;
    const range = `${first}-${last}`;
    const known = segments.get(range) ?? { first, last, plain: undefined, gzip: undefined };
    const path = join(directory, name);
    segments.set(range, compressed ? { ...known, gzip: path } : { ...known, plain: path });
  }
  const sealed = [...segments.values()].sort((a, b) => a.first - b.first || a.last - b.last);
  // The gzipped twin first: once it is there, the plain one may go at any time.
  const files = sealed.flatMap(({ plain, gzip }): readonly JournalFile[] => {
    const path = gzip ?? plain;
    return path === undefined ? [] : [{ path, otherwise: gzip === undefined ? undefined : plain, active: false }];
  });
  const all = names.includes(basename(active)) ? [...files, { ...alone(active), active: true }] : files;
  return { files: all, odd: disorder(sealed, undefined) };
}

function alone(path: string): JournalFile {
  return { path, otherwise: undefined, active: false };
}

async function statOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch(() => undefined);
}
