import type { ActiveFile } from "../disk/active_file.js";
import type { Disk, DiskFile } from "../disk/disk.js";
import { errorPath, errorText, isPassing } from "../disk/errors.js";
import { syncDirectory, writeAll } from "../disk/files.js";
import { eachLine, isBlank, readLines, withoutMark } from "../disk/lines.js";
import { GROUP_BYTES_MAX, type JournalNames, NEWLINE } from "../format.js";
import { type JournalLog, type JournalObserver, JournalOpenError } from "../types.js";
import { lockFile, refuseShared } from "./one_file.js";
import { cutTail, finishCut } from "./repair.js";
import { readStateFile, writeStateFile } from "./state_file.js";
import { planTailRepair } from "./torn_tail.js";

export interface OpenActiveOptions {
  readonly disk: Disk;
  readonly names: JournalNames;
  /** Whether a row is a session row: an unknown file is adopted when its tail contains one. */
  readonly adopts: (line: Buffer) => boolean;
  /** Whether an existing file is known to be this journal's. */
  readonly ours: boolean;
  /** Sequence of the file's first row, where it is known. */
  readonly first_sequence: number | undefined;
  /** No new row gets a lower number than this. */
  readonly next_sequence_min: number;
  /** The open and locked file, when it is the same one again; otherwise it is opened and locked here. */
  readonly held: DiskFile | undefined;
  /** At start: whether the file is going to be renamed; a file that is not the journal's own is refused. See refuseShared. */
  readonly starts: { readonly rotates: boolean } | undefined;
  readonly log: JournalLog;
  readonly observer: Pick<JournalObserver, "tailTorn">;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Opens the active file for appending, as a crash or another program may have left it: its end is repaired, written
 * again and synced, so that afterwards every row in it is durable.
 *
 * Rejects with JournalOpenError, or with the disk's error when that may pass; the caller can try again.
 */
export async function openActive(options: OpenActiveOptions): Promise<ActiveFile> {
  const { disk, names } = options;
  try {
    const found = await disk.status(names.active);
    if (found?.directory) throw new JournalOpenError(`${names.active}: is a directory, expected a file`);
    if (found?.regular === false) throw new JournalOpenError(`${names.active}: is not a regular file`);
    const file = options.held ?? (await disk.open(names.active, "append"));
    try {
      if (options.held === undefined) await lockFile(file, names.active);
      if (options.starts !== undefined) await refuseShared(disk, file, names.active, options.starts.rotates);
      return await prepare(options, file, found?.modified_ms ?? options.now());
    } catch (error) {
      if (options.held === undefined) await file.close();
      throw error;
    }
  } catch (error) {
    if (error instanceof JournalOpenError || isPassing(error)) throw error;
    throw new JournalOpenError(`${errorPath(error) ?? names.active}: ${errorText(error)}`);
  }
}

async function prepare(options: OpenActiveOptions, file: DiskFile, written_at: number): Promise<ActiveFile> {
  const { disk, names, log } = options;
  const update = await disk.open(names.active, "update");
  try {
    const finished = await finishCut(disk, names, update, await disk.list(names.directory));
    if (finished !== undefined) {
      options.observer.tailTorn(finished.bytes);
      log.warn(finished, "finished the repair that a crash interrupted");
    }
    if (!options.ours) await refuseForeign(options, update);
    await repairTail(options, update);
    await rewriteTail(update);
    const end = (await update.status()).size;
    const rows = await countRows(update, end, names, log);
    const next_sequence = Math.max((options.first_sequence ?? 1) + rows, options.next_sequence_min);
    const first_sequence = next_sequence - rows;
    const noted = await readStateFile(disk, names);
    if (noted?.first_sequence !== first_sequence) await writeStateFile(disk, names, { first_sequence });
    await syncDirectory(disk, names.directory);
    return { file, identity: (await file.status()).identity, own: rows === 0, end, first_sequence, rows, written_at };
  } finally {
    await update.close();
  }
}

async function refuseForeign(options: OpenActiveOptions, file: DiskFile): Promise<void> {
  const { names, adopts } = options;
  const { bytes, start } = await readTail(file);
  const lines = withoutMarkAt(start, bytes);
  if (lines.length === 0 && start === 0) return;
  let ours = false;
  eachLine(lines, (line) => {
    ours ||= adopts(line);
  });
  if (ours) return;
  let line = 1;
  await readLines(file, 0, start, (_line, _offset, ended) => {
    if (ended) line++;
  });
  throw new JournalOpenError(
    `${names.active}:${line}: no row of a session log from this line on; the file belongs to another program and is left unchanged`,
  );
}

async function repairTail(options: OpenActiveOptions, file: DiskFile): Promise<void> {
  const { disk, names, log } = options;
  const { bytes, start } = await readTail(file);
  const lines = withoutMarkAt(start, bytes);
  const plan = planTailRepair(lines);
  if (plan.cut !== undefined) {
    const offset = start + (bytes.length - lines.length) + plan.cut;
    const cut = await cutTail(disk, names, file, offset, options.now());
    options.observer.tailTorn(cut.bytes);
    log.warn({ path: names.active, offset, ...cut }, "moved the torn end of the log aside");
  } else if (plan.unended || (bytes.length === 0 && (await lacksNewline(file, start)))) {
    await writeAll(file, Buffer.from("\n"), start + bytes.length);
    log.warn({ path: names.active }, "added the newline that the log's last line lacked");
  }
}

/** Whether "{" and "}" are the first and the last byte that is not blank, which is cheaper to know than whether it is an object. */
function isBraced(line: Buffer): boolean {
  let [from, to] = [0, line.length - 1];
  while (isBlank(line.subarray(from, from + 1))) from++;
  while (isBlank(line.subarray(to, to + 1))) to--;
  return line[from] === 0x7b && line[to] === 0x7d;
}

/** Bytes that begin at an offset of a file, without the byte order mark that the file may begin with. */
function withoutMarkAt(offset: number, bytes: Buffer): Buffer {
  return offset === 0 ? withoutMark(bytes) : bytes;
}

async function lacksNewline(file: DiskFile, end: number): Promise<boolean> {
  const last = Buffer.alloc(1);
  return end > 0 && (await file.read(last, end - 1)) === 1 && last[0] !== NEWLINE;
}

/**
 * What a crashed process left may be in the page cache only, marked clean by a failed sync: it is known to be on the disk
 * only once it is written again and synced.
 */
async function rewriteTail(file: DiskFile): Promise<void> {
  const { bytes, start } = await readTail(file);
  await writeAll(file, bytes, start);
  await file.sync();
}

/** The last bytes of a file, at most GROUP_BYTES_MAX, from the start of a line; none when the last line is longer. */
async function readTail(file: DiskFile): Promise<{ readonly bytes: Buffer; readonly start: number }> {
  const { size } = await file.status();
  // One more byte shows whether a line starts at the window's first byte.
  const from = Math.max(0, size - GROUP_BYTES_MAX - 1);
  const buffer = Buffer.alloc(size - from);
  await file.read(buffer, from);
  if (from === 0) return { bytes: buffer, start: 0 };
  const newline = buffer.indexOf(NEWLINE);
  const skip = newline === -1 ? buffer.length : newline + 1;
  return { bytes: buffer.subarray(skip), start: from + skip };
}

const SUSPECTS_NAMED = 5;

async function countRows(file: DiskFile, end: number, names: JournalNames, log: JournalLog): Promise<number> {
  let rows = 0;
  let line_number = 0;
  let suspects = 0;
  await readLines(file, 0, end, (line, offset) => {
    line_number++;
    const text = withoutMarkAt(offset, line);
    if (isBlank(text)) return;
    rows++;
    if (isBraced(text)) return;
    suspects++;
    if (suspects <= SUSPECTS_NAMED)
      log.warn(
        { path: names.active, line: line_number, offset },
        "a line of the log is not a JSON object; it is left unchanged",
      );
  });
  if (suspects > SUSPECTS_NAMED)
    log.warn({ path: names.active, lines: suspects }, "further lines of the log are not JSON objects");
  return rows;
}
