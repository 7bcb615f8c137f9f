import { readStateFile } from "../active/state_file.js";
import type { Disk } from "../disk/disk.js";
import { readRange } from "../disk/files.js";
import { isBlank, joinLines, readLines, withoutMark } from "../disk/lines.js";
import { type JournalNames, NEWLINE } from "../format.js";
import { openRows } from "../read/open_rows.js";
import type { RowFile } from "../read/row_file.js";
import { rowsOf } from "../read/rows.js";
import { lastSequence, listSegments } from "../sealed/segments.js";
import type { Rows } from "../types.js";

/** How far a journal has been read that another process may be writing. */
export interface Position {
  /** Of the next row. */
  readonly sequence: number;
  /** Undefined when there was no active file. */
  readonly active: ActivePosition | undefined;
}

export interface ActivePosition {
  /** Device and inode. */
  readonly identity: string;
  readonly first_sequence: number;
  /** Its whole lines that are not blank, and the end of the last of its whole lines, in bytes. */
  readonly rows: number;
  readonly end: number;
}

/** Rows that have been read are gone, or are others by now. The message is one line that names the file. */
export class JournalChanged extends Error {
  override readonly name = "JournalChanged";
}

/** The position after the last whole line of the active file, or after the last sealed row. Rejects with the disk's error. */
export async function findEnd(disk: Disk, names: JournalNames): Promise<Position> {
  const found = await openActive(disk, names);
  if (found === undefined)
    return { sequence: lastSequence((await listSegments(disk, names)).segments) + 1, active: undefined };
  const { file, identity, first_sequence, size } = found;
  try {
    let [rows, end] = [0, 0];
    await readLines(file, 0, size, (line, offset, ended) => {
      if (!ended) return;
      end = offset + line.length + 1;
      if (!isBlank(line)) rows += 1;
    });
    return { sequence: first_sequence + rows, active: { identity, first_sequence, rows, end } };
  } finally {
    await file.close();
  }
}

/**
 * The rows that have been added since a position, and the position after each block of them. What is sealed and compressed meanwhile is read
 * all the same. Whoever needs no more may stop at any time and go on with the last position.
 *
 * @throws JournalChanged, and the disk's error
 */
export async function* readAddedRows(
  disk: Disk,
  names: JournalNames,
  from: Position,
): AsyncGenerator<{ readonly rows: Rows; readonly position: Position }> {
  const { active } = from;
  const status = await disk.status(names.active);
  if (active !== undefined && status?.identity === active.identity) {
    if (status.size < active.end) throw new JournalChanged(`${names.active}: is shorter than it was`);
    if (status.size > active.end) yield* readActive(disk, names, active);
    return;
  }
  const { segments } = await listSegments(disk, names);
  const is_sealed = segments.some(({ first }) => first === active?.first_sequence);
  if (active !== undefined && active.rows > 0 && !is_sealed) {
    throw new JournalChanged(`${names.active}: has been moved or deleted`);
  }
  let { sequence } = from;
  for (;;) {
    const file = await openRows({ disk, names, active: undefined }, "from", sequence);
    if (file === undefined) break;
    for await (const rows of readSegment(file, sequence)) {
      sequence = rows.first_sequence + rows.lines.length;
      yield { rows, position: { ...from, sequence } };
    }
    sequence = file.next_sequence;
  }
  const found = await openActive(disk, names);
  if (found === undefined) return;
  const { file, identity, first_sequence, sealed_last } = found;
  await file.close();
  // Another one was sealed meanwhile: the next call reads it.
  if (sealed_last >= sequence) return;
  yield* readActive(disk, names, { identity, first_sequence, rows: 0, end: 0 });
}

/** The rows of the active file after a place in it, unless that is another file by now. */
async function* readActive(disk: Disk, names: JournalNames, place: ActivePosition) {
  const file = await disk.open(names.active, "read");
  try {
    const { identity, size } = await file.status();
    if (identity !== place.identity) return;
    let { rows, end } = place;
    for await (const block of joinLines(readRange(file, end, size))) {
      // The service is writing it.
      if (block.at(-1) !== NEWLINE) return;
      const lines = rowsOf(end === 0 ? withoutMark(block) : block);
      const first_sequence = place.first_sequence + rows;
      rows += lines.length;
      end += block.length;
      const position = { sequence: first_sequence + lines.length, active: { ...place, rows, end } };
      yield { rows: { first_sequence, lines }, position };
    }
  } finally {
    await file.close();
  }
}

async function* readSegment(file: RowFile, from_sequence: number): AsyncGenerator<Rows> {
  const end = file.next_sequence;
  try {
    for await (const { first_sequence, lines } of file.read(from_sequence)) {
      // Rows beyond the range in the file's name would be numbered twice.
      if (first_sequence < end) yield { first_sequence, lines: lines.slice(0, end - first_sequence) };
    }
  } finally {
    await file.close();
  }
}

/** The active file, its sequence as start would number it; the caller closes it. Undefined when there is none. */
async function openActive(disk: Disk, names: JournalNames) {
  if ((await disk.status(names.active)) === undefined) return undefined;
  const file = await disk.open(names.active, "read");
  const { identity, size } = await file.status();
  // After the file is open: the state is written before a file's first row, and a sealed one is among the segments.
  const state = await readStateFile(disk, names);
  const sealed_last = lastSequence((await listSegments(disk, names)).segments);
  const first_sequence = Math.max(state?.first_sequence ?? 1, sealed_last + 1);
  return { file, identity, size, sealed_last, first_sequence };
}

/** A row's bytes, without its "\n"; undefined when it is not there. Rejects with the disk's error. */
export async function readRow(
  disk: Disk,
  names: JournalNames,
  { active }: Position,
  sequence: number,
): Promise<Buffer | undefined> {
  const file = await openRows({ disk, names, active }, "from", sequence);
  if (file === undefined) return undefined;
  try {
    for await (const { first_sequence, lines } of file.read(sequence)) return lines[sequence - first_sequence];
    return undefined;
  } finally {
    await file.close();
  }
}
