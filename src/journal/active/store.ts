import { join } from "node:path";
import type { Clock } from "../clock.js";
import type { ActiveFile } from "../disk/active_file.js";
import type { Disk, Lock } from "../disk/disk.js";
import { errorPath, errorText, isPassing, isShortage } from "../disk/errors.js";
import { isTemporary, type JournalNames, journalNames } from "../format.js";
import { openRows, type Side } from "../read/open_rows.js";
import type { RowFile } from "../read/row_file.js";
import { findDisorder, lastSequence, listSegments } from "../sealed/segments.js";
import { type JournalLog, type JournalObserver, JournalOpenError, type RotationPolicy } from "../types.js";
import { countForeignRows } from "./foreign_rows.js";
import { probeSpace, type WriteFailure, type WriteTimes, writeGroup } from "./group_writer.js";
import { resolveNames } from "./one_file.js";
import { type OpenActiveOptions, openActive } from "./open_active.js";
import { rotationDue } from "./rotation.js";
import { sealActive } from "./seal.js";
import { createShortage } from "./shortage.js";
import { readStateFile, writeStateFile } from "./state_file.js";

export interface StoreOptions {
  /** May lead to the file by links; resolved when the store is opened. */
  readonly path: string;
  readonly durability: "fsync" | "written";
  readonly adopts: (line: Buffer) => boolean;
  /** May change. */
  readonly rotation: RotationPolicy;
  readonly log: JournalLog;
  readonly observer: Pick<JournalObserver, "tailTorn">;
  readonly disk: Disk;
  readonly clock: Clock;
  /** A segment was sealed; `own`: its path, when this process has written every row in it. */
  readonly onSealed: (rows: number, bytes: number, own: string | undefined) => void;
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
  let names = journalNames(options.path);
  let lock: Lock | undefined;
  let active: ActiveFile | undefined;
  let next_sequence = 1;
  /** The file that was written last, still open and locked; set while reopening fails for a reason that may pass. */
  let left: (Pick<ActiveFile, "file" | "identity"> & { readonly first_sequence: number | undefined }) | undefined;
  /** A shortage has kept the file from being sealed: it is tried again, whether it is due by then or not. */
  let rotation_wanted = false;
  let rotation_waits_until_ms = Number.NEGATIVE_INFINITY;
  const monotonic_ms = (): number => clock.reading().monotonic_ms;
  const { unlessShort, over } = createShortage({
    log,
    path: () => names.active,
    // Without an active file, nothing can go on.
    can_wait: () => active !== undefined,
    monotonic_ms,
  });

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

  async function openFile(
    known: Pick<OpenActiveOptions, "ours" | "first_sequence" | "held" | "starts">,
  ): Promise<ActiveFile> {
    const opened = await openActive({
      ...options,
      ...known,
      now: clock.now,
      names,
      next_sequence_min: next_sequence,
    });
    next_sequence = opened.first_sequence + opened.rows;
    return opened;
  }

  /** What is known of the active file's end holds no longer: it must be opened again before it is written. */
  function leaveFile(first_sequence?: number): void {
    if (active !== undefined) left = { file: active.file, identity: active.identity, first_sequence };
    active = undefined;
  }

  /** Continues in the file that the path shows, or in a new one, and closes the one that was left. */
  async function reopenFile(first_sequence?: number): Promise<ActiveFile> {
    leaveFile(first_sequence);
    await disk.makeDirectory(names.directory);
    await takeLock();
    const found = await disk.status(names.active);
    const same = found?.identity === left?.identity ? left : undefined;
    active = await openFile({
      ours: same !== undefined,
      first_sequence: same?.first_sequence,
      held: same?.file,
      starts: undefined,
    });
    if (same === undefined) await left?.file.close();
    left = undefined;
    return active;
  }

  async function append(bytes: Buffer, rows: number): Promise<StoreOutcome> {
    await unlessShort(() => rotateWhenDue(bytes.length));
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const file = active ?? (await reopenFile());
      const outcome = await writeGroup(file, bytes, durable, monotonic_ms);
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
        leaveFile(surplus > 0 ? file.first_sequence : undefined);
        const foreign = surplus > 0 ? await countForeignRows(file, bytes, outcome.size) : undefined;
        if (foreign !== undefined) {
          const first_sequence = file.first_sequence + file.rows + foreign;
          next_sequence = first_sequence + rows;
          // The group is durable, and its place is known; the next one opens the file again.
          await reopenFile().catch(unlessPassing);
          return { kind: "stored", first_sequence, write_ms, sync_ms };
        }
        // A group that is not on lines of its own is truncated, the file repaired, and the group written again.
        await file.file.truncate(Math.max(0, outcome.size - bytes.length));
        await reopenFile();
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
    if (active === undefined || monotonic_ms() < rotation_waits_until_ms) return;
    const facts = { bytes: active.end, rows: active.rows, written_at: active.written_at };
    if (rotation_wanted || rotationDue(options.rotation, facts, group_bytes, clock.now())) await rotate();
  }

  /** Seals the active file and continues in a new one. */
  async function rotate(): Promise<void> {
    if (active === undefined || active.rows === 0 || !(await inPlace(active))) {
      rotation_wanted = false;
      return;
    }
    const surplus = (await active.file.status()).size - active.end;
    if (surplus !== 0) {
      // A sealed file's name contains its range of rows.
      warnForeignWrite(surplus);
      await reopenFile(surplus > 0 ? active.first_sequence : undefined);
      if (active.rows === 0) return;
    }
    // Also with durability "fsync": a truncation may not be synced yet, and a sealed file is never repaired.
    await syncFile(active);
    const outcome = await sealActive(disk, names, active, clock.now());
    if (outcome.kind === "unchanged") {
      const { path, error } = outcome;
      rotation_wanted = isShortage(error);
      if (rotation_wanted) throw error;
      log.warn({ path }, `the session log cannot be sealed, trying again in a minute: ${errorText(error)}`);
      rotation_waits_until_ms = monotonic_ms() + ROTATION_RETRY_MS;
      return;
    }
    const { file, rows, end, own } = active;
    active = outcome.kind === "sealed" ? outcome.next : undefined;
    rotation_wanted = false;
    over();
    log.info({ path: outcome.path, rows, bytes: end }, "sealed a segment");
    options.onSealed(rows, end, own ? outcome.path : undefined);
    await file.close();
    if (outcome.kind === "interrupted") throw outcome.error;
  }

  async function maintainActive(): Promise<void> {
    const moved = active;
    if (moved !== undefined) {
      if (await inPlace(moved)) {
        await rotateWhenDue(0);
        over();
        return;
      }
      if (!durable) await syncFile(moved);
    }
    try {
      await reopenFile();
    } catch (error) {
      if (moved === undefined || !isShortage(error)) throw error;
      // Its rows are where the mover put it. If it was deleted, the next append finds that before its ack.
      active = moved;
      left = undefined;
      throw error;
    }
    over();
    rotation_wanted = false;
    if (moved !== undefined) log.warn({ path: names.active }, "the session log was moved; continuing in a new file");
  }

  /** @throws an error that is final, whatever the disk's own: no sync is tried again on a descriptor on which one has failed */
  async function syncFile({ file }: ActiveFile): Promise<void> {
    try {
      await file.sync();
    } catch (error) {
      throw new Error(`fdatasync failed: ${errorText(error)}`);
    }
  }

  async function open(): Promise<string | undefined> {
    try {
      names = await resolveNames(disk, options.path);
    } catch (error) {
      if (isPassing(error)) return `${options.path}: ${errorText(error)}`;
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
      const sealed_last = lastSequence(segments);
      next_sequence = Math.max(state?.next_sequence ?? 1, sealed_last + 1);
      const first_sequence = state?.first_sequence ?? (sealed_last > 0 ? sealed_last + 1 : undefined);
      active = await openFile({
        ours: first_sequence !== undefined,
        first_sequence,
        held: undefined,
        starts: { rotates: options.rotation.max_bytes > 0 || options.rotation.interval !== "none" },
      });
      const disorder = findDisorder(segments, { path: names.active, first: active.first_sequence });
      for (const { path, message } of [...skipped, ...disorder]) log.warn({ path }, message);
      return undefined;
    } catch (error) {
      if (isPassing(error)) return `${names.directory}: ${errorText(error)}`;
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
      await left?.file.close();
      if (closing === undefined) return;
      if (!durable) await syncFile(closing);
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
    maintainActive: () => voidOrFailure(unlessShort(maintainActive)),
    rotate: () => voidOrFailure(unlessShort(rotate, true)),
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
      const failure = await voidOrFailure(unlessShort(maintainActive));
      return failure === undefined && active !== undefined ? probeSpace(active, bytes) : failure;
    },
    close,
  };
}

function unlessPassing(error: unknown): void {
  if (!isPassing(error)) throw error;
}

async function voidOrFailure(work: Promise<void>): Promise<WriteFailure | undefined> {
  return (await orFailure(work)) ?? undefined;
}

/** The disk's error as a failure: one that may pass, or fatal. */
async function orFailure<Outcome>(work: Promise<Outcome>): Promise<Outcome | WriteFailure> {
  try {
    return await work;
  } catch (error) {
    return { kind: isPassing(error) ? "no_space" : "fatal", message: errorText(error) };
  }
}
