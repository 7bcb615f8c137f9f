import type { Random } from "./random.js";

/**
 * What the next boot finds of what was not synced:
 * - `killed`: only the process ended; the page cache is as it was
 * - `kept`: the kernel had written everything, but what a failed sync made it forget
 * - `lost`: nothing of it
 * - `torn`: the changes up to any one, and of their pages any
 * - `nuls`: lengths and names as they were, NULs where bytes were added
 */
export type CrashMode = "killed" | "kept" | "lost" | "torn" | "nuls";
export const CRASH_MODES: readonly CrashMode[] = ["killed", "kept", "lost", "torn", "nuls"];

export const PAGE_BYTES = 4096;

/** The bytes of one file: those that readers see, and those that are sure to be there after a crash. */
export interface SimulatedFile {
  readonly id: number;
  /** As readers see it. */
  readonly length: number;
  /** Names of the file. */
  links: number;
  locked: boolean;
  modified_ms: number;
  read(buffer: Uint8Array, position: number): number;
  write(bytes: Uint8Array, position: number): void;
  truncate(length: number): void;
  sync(): void;
  /** A sync that fails: what was not durable never will be, unless it is written again, and nobody is told twice. */
  failSync(): void;
  /** As readers see it. */
  content(): Buffer;
  /** What a crash is sure to leave. */
  durable(): Buffer;
  /** The file as the next boot finds it. */
  afterCrash(random: Random, mode: CrashMode): SimulatedFile;
}

/** Writes hold whole pages, because the page cache writes no less. */
type Change =
  | { readonly bytes: Buffer; readonly position: number }
  | { readonly length: number; readonly extends: boolean };

interface FileState {
  readonly cache: Buffer;
  readonly disk: Buffer;
  readonly changes: readonly Change[];
}

export function createSimulatedFile(id: number, modified_ms: number, state?: FileState): SimulatedFile {
  const cache = createBytes(state?.cache);
  const disk = createBytes(state?.disk);
  let changes: Change[] = [...(state?.changes ?? [])];

  return {
    id,
    links: 0,
    locked: false,
    modified_ms,
    get length() {
      return cache.length();
    },
    read: (buffer, position) => (position < cache.length() ? cache.view().copy(buffer, 0, position) : 0),
    write(bytes, position) {
      if (bytes.length === 0) return;
      cache.write(bytes, position);
      const from = position - (position % PAGE_BYTES);
      const to = Math.min(cache.length(), Math.ceil((position + bytes.length) / PAGE_BYTES) * PAGE_BYTES);
      changes.push({ bytes: Buffer.from(cache.view().subarray(from, to)), position: from });
    },
    truncate(length) {
      cache.resize(length);
      changes.push({ length, extends: true });
    },
    sync() {
      for (const change of changes) apply(disk, change);
      disk.resize(cache.length());
      changes = [];
    },
    failSync() {
      // A truncation is the file system's own, and is not forgotten with the pages.
      changes = changes.flatMap((change) => ("length" in change ? [{ ...change, extends: false }] : []));
    },
    content: () => Buffer.from(cache.view()),
    durable: () => Buffer.from(disk.view()),
    afterCrash(random, mode) {
      if (mode === "killed") {
        return createSimulatedFile(id, modified_ms, { cache: cache.view(), disk: disk.view(), changes });
      }
      const found = contentAfter(disk.view(), changes, random, mode);
      return createSimulatedFile(id, modified_ms, { cache: found, disk: found, changes: [] });
    },
  };
}

/** What is found of a file whose durable bytes are `durable`, and to which the changes were made without a sync. */
function contentAfter(durable: Buffer, changes: readonly Change[], random: Random, mode: CrashMode): Buffer {
  if (mode === "lost") return durable;
  const made = mode === "torn" ? changes.slice(0, random.below(changes.length + 1)) : changes;
  const found = createBytes(durable);
  // Old bytes are still there only below the shortest length that the file had in between.
  let old_length = durable.length;
  const pages = new Set<number>();
  for (const change of made) {
    apply(found, change);
    old_length = Math.min(old_length, found.length());
    if ("length" in change) continue;
    const { position, bytes } = change;
    for (let page = position; page < position + bytes.length; page += PAGE_BYTES) pages.add(page);
  }
  if (mode === "kept") return found.view();
  const view = found.view();
  for (const page of pages) tearPage(view, durable.subarray(0, old_length), page, mode === "torn" ? random : undefined);
  return view;
}

/** Makes one page as a crash leaves it: new, old with NULs where there was nothing, or new up to somewhere. */
function tearPage(view: Buffer, old: Buffer, page: number, random: Random | undefined): void {
  const end = Math.min(view.length, page + PAGE_BYTES);
  const fate = random?.below(3) ?? 2;
  if (fate === 0 || page >= end) return;
  const added = Math.min(Math.max(page, old.length), end);
  if (fate === 1 && random !== undefined) {
    view.fill(0, added + random.below(end - added + 1), end);
    return;
  }
  if (page < old.length) old.copy(view, page, page, added);
  view.fill(0, added, end);
}

function apply(bytes: Bytes, change: Change): void {
  if (!("length" in change)) bytes.write(change.bytes, change.position);
  else if (change.extends || change.length < bytes.length()) bytes.resize(change.length);
}

interface Bytes {
  length(): number;
  view(): Buffer;
  write(bytes: Uint8Array, position: number): void;
  /** What is added is NULs. */
  resize(length: number): void;
}

function createBytes(initial: Buffer = Buffer.alloc(0)): Bytes {
  let buffer = Buffer.from(initial);
  let length = initial.length;
  function resize(next: number): void {
    if (next > buffer.length) {
      const grown = Buffer.alloc(Math.max(next, 2 * buffer.length));
      buffer.copy(grown, 0, 0, length);
      buffer = grown;
    }
    if (next < length) buffer.fill(0, next, length);
    length = next;
  }
  return {
    length: () => length,
    view: () => buffer.subarray(0, length),
    write(bytes, position) {
      resize(Math.max(length, position + bytes.length));
      buffer.set(bytes, position);
    },
    resize,
  };
}
