import type { ActiveFile } from "../disk/active_file.js";
import { errorText, isNoSpace, isShortage } from "../disk/errors.js";

export type WriteOutcome =
  /** The bytes are at the end of the file, durable when that was asked; `size` is the file's length, which another program may have changed. */
  ({ readonly kind: "stored"; readonly deleted: boolean; readonly size: number } & WriteTimes) | WriteFailure;

/** How long the write and the sync took; 0 where there was none. */
export interface WriteTimes {
  readonly write_ms: number;
  readonly sync_ms: number;
}

export type WriteFailure =
  /** There was no room, or a shortage: it may pass, and nothing of the group counts. */
  | { readonly kind: "no_space"; readonly message: string }
  /** The file can no longer be trusted; none of the bytes count. */
  | { readonly kind: "fatal"; readonly message: string };

/**
 * Writes one group with one write and, when `durable`, one fdatasync, and checks whether the file is still there.
 * Does not move `active.end`.
 *
 * A failed fdatasync is never repeated: the kernel may have dropped the pages, and a later success would prove nothing.
 */
export async function writeGroup(
  active: ActiveFile,
  bytes: Buffer,
  durable: boolean,
  monotonic_ms: () => number,
): Promise<WriteOutcome> {
  const { file } = active;
  const begun_ms = monotonic_ms();
  let written = 0;
  try {
    written = await file.write(bytes, active.end);
  } catch (error) {
    if (!isNoSpace(error)) return failWrite(active, `write failed: ${errorText(error)}`);
    return truncateBack(active, 0, errorText(error));
  }
  if (written < bytes.length) return truncateBack(active, written, `wrote ${written} of ${bytes.length} bytes`);
  const written_ms = monotonic_ms();
  if (durable) {
    try {
      await file.sync();
    } catch (error) {
      return failWrite(active, `fdatasync failed: ${errorText(error)}`);
    }
  }
  const sync_ms = durable ? monotonic_ms() - written_ms : 0;
  return statAfterWrite(active, bytes.length, { write_ms: written_ms - begun_ms, sync_ms });
}

async function statAfterWrite(active: ActiveFile, written: number, times: WriteTimes): Promise<WriteOutcome> {
  try {
    const { links, size } = await active.file.status();
    return { kind: "stored", deleted: links === 0, size, ...times };
  } catch (error) {
    if (isShortage(error)) return truncateBack(active, written, errorText(error));
    return { kind: "fatal", message: `fstat failed: ${errorText(error)}` };
  }
}

/** Checks whether there is room for a group again: writes `length` blanks and truncates them. */
export async function probeSpace(active: ActiveFile, length: number): Promise<WriteFailure | undefined> {
  const outcome = await writeGroup(active, Buffer.alloc(length, " "), false, () => 0);
  if (outcome.kind !== "stored") return outcome;
  const undone = await truncateBack(active, length, "");
  return undone.kind === "fatal" ? undone : undefined;
}

/** Removes the last `written` bytes. The file's real end counts: another program may have cut it meanwhile. */
async function truncateBack(active: ActiveFile, written: number, message: string): Promise<WriteFailure> {
  try {
    const { size } = await active.file.status();
    await active.file.truncate(Math.max(0, Math.min(active.end, size - written)));
    return { kind: "no_space", message };
  } catch (error) {
    // The probe that follows truncates to the same offset before anything is appended.
    if (isShortage(error)) return { kind: "no_space", message: `${message}; ${errorText(error)}` };
    return { kind: "fatal", message: `${message}; and truncating back failed: ${errorText(error)}` };
  }
}

async function failWrite(active: ActiveFile, message: string): Promise<WriteFailure> {
  try {
    const { size } = await active.file.status();
    if (size > active.end) await active.file.truncate(active.end);
    return { kind: "fatal", message };
  } catch (error) {
    return { kind: "fatal", message: `${message}; and truncating back failed: ${errorText(error)}` };
  }
}
