import { join } from "node:path";
import type { Clock } from "../clock.js";
import type { ActiveFile } from "../disk/active_file.js";
import type { Disk, Lock } from "../disk/disk.js";
import { errorPath, errorText, isNoSpace } from "../disk/errors.js";
import { isTemporary, type JournalNames, journalNames, segmentName } from "../format.js";
import { openRows, type Side } from "../read/open_rows.js";
import type { RowFile } from "../read/row_file.js";
import { findDisorder, listSegments } from "../sealed/segments.js";
import { type JournalLog, JournalOpenError } from "../types.js";
import { countForeignRows } from "./foreign_rows.js";
import { probeSpace, type WriteFailure, type WriteTimes, writeGroup } from "./group_writer.js";
import { resolveNames } from "./one_file.js";
import { openActive } from "./open_active.js";
import { type RotationPolicy, rotationDue } from "./rotation.js";
import { readStateFile, writeStateFile } from "./state_file.js";

export interface StoreOptions {
  /** May lead to the file by links; resolved when the store is opened. */
  readonly path: string;
  readonly durability: "fsync" | "written";
  readonly adopts: (row: object) => boolean;
  readonly rotation: RotationPolicy;
  readonly log: JournalLog;
  readonly disk: Disk;
  readonly clock: Clock;
  /** A segment was sealed. */
  readonly onSealed: (rows: number, bytes: number) => void;
}

export type StoreOutcome = ({ readonly kind: "stored"; readonly first_sequence: number } & WriteTimes) | WriteFailure;

/** The journal's files. The caller waits for each call before the next. */
export interface Store {
  /** Resolves with undefined once open, else with why it cannot be opened yet; rejects with JournalOpenError when that is permanent. */
  open(): Promise<string | undefined>;
  /** Appends a group of `rows` lines. */
  append(bytes: Buffer, rows: number): Promise<StoreOutcome>;
  /** Seals the active file if it has rows, and continues in a new one. */
  rotate(): Promise<WriteFailure | undefined>;
  /** Continues in a new file when the path shows another file or none; seals the active one when rotation is due. */
  maintainActive(): Promise<WriteFailure | undefined>;
  /** Those beside the real file, once open. */
  readonly names: JournalNames;
  /** See openRows. */
  openRows(side: Side, sequence: number): Promise<RowFile | undefined>;
  /** Sequence of the next row. */
  readonly next_sequence: number;
  /** The file being written. */
  readonly active: { readonly bytes: number; readonly rows: number };
  /** Checks whether there is room for `bytes`; undefined when there is. */
  probe(bytes: number): Promise<WriteFailure | undefined>;
  close(): Promise<void>;
}

/** Attempts to write one group while the file is deleted or cut. */
const TRIES_MAX = 5;
const ROTATION_RETRY_MS = 60_000;

export function createStore(options: StoreOptions): Store {
  const { disk, clock, log } = options;
  const durable = options.durability === "fsync";
  const { max_bytes, interval } = options.rotation;
  const rotates = max_bytes > 0 || interval !== "none";
  let names = journalNames(options.path);
  let lock: Lock | undefined;
  let active: ActiveFile | undefined;
  let next_sequence = 1;
  /** The file being reopened and what is known of it; set while reopening fails for lack of room. */
  let pendingOpen: { readonly identity: string; readonly first_sequence: number | undefined } | undefined;
  let rotation_waits_until = Number.NEGATIVE_INFINITY;

  async function takeLock(): Promise<void> {
    // Removing the directory removes the lock file: a second writer would not see ours.
    if (lock !== undefined && (await disk.status(names.lock))?.identity === lock.identity) return;
    const taken = await disk.lock(names.lock);
    if (taken === undefined) {
      throw new JournalOpenError(`${names.lock}: held by another process; a session log has one writer`);
    }
    await lock?.release();
    lock = taken;
  }

  async function openFile(ours: boolean, first_sequence?: number, starts = false): Promise<ActiveFile> {
    const opened = await openActive({
      ...options,
      now: clock.now,
      names,
      ours,
      first_sequence,
      next_sequence_min: next_sequence,
      starts: starts ? { rotates } : undefined,
    });
    next_sequence = opened.first_sequence + opened.rows;
    return opened;
  }

  /** Closes the moved file, and continues in the one that the path shows, or in a new one. */
  async function reopenFile(first_sequence?: number): Promise<ActiveFile> {
    const left = active;
    if (left !== undefined) pendingOpen = { identity: left.identity, first_sequence };
    active = undefined;
    await left?.file.close();
    await disk.makeDirectory(names.directory);
    await takeLock();
    const ours = (await disk.status(names.active))?.identity === pendingOpen?.identity;
    active = await openFile(ours, ours ? pendingOpen?.first_sequence : undefined);
    pendingOpen = undefined;
    return active;
  }

  async function append(bytes: Buffer, rows: number): Promise<StoreOutcome> {
    await rotateWhenDue(bytes.length);
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const file = active ?? (await reopenFile());
      const outcome = await writeGroup(file, bytes, durable, () => clock.reading().monotonic_ms);
      if (outcome.kind !== "stored") return outcome;
      const { write_ms, sync_ms } = outcome;
      const surplus = outcome.size - (file.end + bytes.length);
      if (outcome.deleted) {
        log.warn({ path: names.active }, "the session log was deleted; its last rows go to a new file");
        await reopenFile();
      } else if (surplus === 0) {
        file.end += bytes.length;
        file.rows += rows;
        file.written_at = clock.now();
        next_sequence += rows;
        return { kind: "stored", first_sequence: next_sequence - rows, write_ms, sync_ms };
      } else {
        warnForeignWrite(surplus);
        const foreign = surplus > 0 ? await countForeignRows(file, bytes, outcome.size) : undefined;
        // A group that is not on lines of its own is truncated, the file repaired, and the group written again.
        if (foreign === undefined) await file.file.truncate(Math.max(0, outcome.size - bytes.length));
        const first_sequence = file.first_sequence + file.rows + (foreign ?? 0);
        await reopenFile(surplus > 0 ? file.first_sequence : undefined);
        if (foreign !== undefined) return { kind: "stored", first_sequence, write_ms, sync_ms };
      }
    }
    return { kind: "fatal", message: "the file was deleted or cut repeatedly" };
  }

  /** @param surplus bytes more than expected in the file; negative for fewer */
  function warnForeignWrite(surplus: number): void {
    const deed = surplus > 0 ? "writes to" : "cut";
    log.warn(
      { path: names.active, bytes: surplus },
      `another program ${deed} the session log; continuing from its end`,
    );
  }

  async function inPlace(file: ActiveFile): Promise<boolean> {
    return (await disk.status(names.active))?.identity === file.identity;
  }

  async function rotateWhenDue(group_bytes: number): Promise<void> {
    if (active === undefined || clock.now() < rotation_waits_until) return;
    const facts = { bytes: active.end, rows: active.rows, written_at: active.written_at };
    if (rotationDue(options.rotation, facts, group_bytes, clock.now())) await rotate();
  }

  /**
   * Seals the active file: sync, rename, sync the directory, and only then a new file. A crash in between leaves both
   * files whole, and the next start continues the sequences after the sealed name.
   */
  async function rotate(): Promise<void> {
    if (active === undefined || active.rows === 0 || !(await inPlace(active))) return;
    const surplus = (await active.file.status()).size - active.end;
    if (surplus !== 0) {
      // A sealed file's name contains its range of rows.
      warnForeignWrite(surplus);
      await reopenFile(surplus > 0 ? active.first_sequence : undefined);
      if (active.rows === 0) return;
    }
    // Also with durability "fsync": a truncation may not be synced yet, and a sealed file is never repaired.
    await active.file.sync();
    const sealed = segmentName(names, active.first_sequence, next_sequence - 1);
    try {
      if ((await disk.status(sealed)) !== undefined) throw new Error("a file of that name exists");
      await active.file.setModified(clock.now());
      await disk.rename(names.active, sealed);
    } catch (error) {
      // The active file is unchanged: appends continue in it.
      log.warn({ path: sealed }, `the session log cannot be sealed, trying again in a minute: ${errorText(error)}`);
      rotation_waits_until = clock.now() + ROTATION_RETRY_MS;
      return;
    }
    await disk.syncDirectory(names.directory);
    const { rows, end } = active;
    log.info({ path: sealed, rows, bytes: end }, "sealed a segment");
    await reopenFile();
    options.onSealed(rows, end);
  }

  async function maintainActive(): Promise<void> {
    if (active !== undefined) {
      if (await inPlace(active)) return rotateWhenDue(0);
      log.warn({ path: names.active }, "the session log was moved; continuing in a new file");
      if (!durable) await active.file.sync();
    }
    await reopenFile();
  }

  async function open(): Promise<string | undefined> {
    try {
      names = await resolveNames(disk, options.path);
    } catch (error) {
      throw openError(error, options.path);
    }
    try {
      await disk.makeDirectory(names.directory);
    } catch (error) {
      return `${errorPath(error) ?? names.directory}: ${errorText(error)}`;
    }
    try {
      await takeLock();
      await removeTemporaries();
      const state = await readStateFile(disk, names);
      const { segments, skipped } = await listSegments(disk, names);
      const sealed_last = Math.max(0, ...segments.map(({ last }) => last));
      next_sequence = Math.max(state?.next_sequence ?? 1, sealed_last + 1);
      const first_sequence = state?.first_sequence ?? (sealed_last > 0 ? sealed_last + 1 : undefined);
      active = await openFile(first_sequence !== undefined, first_sequence, true);
      const disorder = findDisorder(segments, { path: names.active, first: active.first_sequence });
      for (const { path, message } of [...skipped, ...disorder]) log.warn({ path }, message);
      return undefined;
    } catch (error) {
      if (isNoSpace(error)) return `${names.directory}: ${errorText(error)}`;
      await release();
      throw openError(error, names.lock);
    }
  }

  function openError(error: unknown, path: string): JournalOpenError {
    const message = error instanceof JournalOpenError ? error.message : `${path}: ${errorText(error)}`;
    const linked = names.active !== options.path;
    return new JournalOpenError(linked ? `${options.path} leads to ${names.active}: ${message}` : message);
  }

  /** Removes the incomplete files of a crash; their content exists elsewhere. */
  async function removeTemporaries(): Promise<void> {
    for (const { name } of await disk.list(names.directory)) {
      if (isTemporary(names, name)) await disk.remove(join(names.directory, name));
    }
  }

  async function close(): Promise<void> {
    const closing = active;
    active = undefined;
    try {
      if (closing === undefined) return;
      if (!durable) await closing.file.sync();
      await closing.file.close();
      await writeStateFile(disk, names, { first_sequence: closing.first_sequence, next_sequence }).catch((error) =>
        log.warn(
          { path: names.state },
          `the next sequence is not stored; the next start will count the rows: ${errorText(error)}`,
        ),
      );
    } finally {
      await release();
    }
  }

  async function release(): Promise<void> {
    await lock?.release();
    lock = undefined;
  }

  return {
    open,
    append: (bytes, rows) => orFailure(append(bytes, rows)),
    maintainActive: () => voidOrFailure(maintainActive()),
    rotate: () => voidOrFailure(rotate()),
    get names() {
      return names;
    },
    openRows: (side, sequence) => openRows({ disk, names, active }, side, sequence),
    get next_sequence() {
      return next_sequence;
    },
    get active() {
      return { bytes: active?.end ?? 0, rows: active?.rows ?? 0 };
    },
    async probe(bytes) {
      const failure = await voidOrFailure(maintainActive());
      return failure === undefined && active !== undefined ? probeSpace(active, bytes) : failure;
    },
    close,
  };
}

async function voidOrFailure(work: Promise<void>): Promise<WriteFailure | undefined> {
  return (await orFailure(work)) ?? undefined;
}

/** The disk's error as a failure: no room, or fatal. */
async function orFailure<Outcome>(work: Promise<Outcome>): Promise<Outcome | WriteFailure> {
  try {
    return await work;
  } catch (error) {
    return { kind: isNoSpace(error) ? "no_space" : "fatal", message: errorText(error) };
  }
}
