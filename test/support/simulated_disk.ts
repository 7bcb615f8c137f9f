import { basename, dirname } from "node:path";
import type { Disk, DiskFile, FileStatus, OpenHow } from "../../src/journal/disk/disk.js";
import { createRandom, type Random } from "./random.js";
import { type CrashMode, createSimulatedFile, type SimulatedFile } from "./simulated_file.js";
import { createSimulatedNames, type SimulatedNames } from "./simulated_names.js";

export { CRASH_MODES, type CrashMode, PAGE_BYTES } from "./simulated_file.js";

/** Those of the disk, and those of an open file. */
export type OperationKind =
  | Exclude<keyof Disk, "status">
  | "pathStatus"
  | "syncDirectory"
  | "closeDirectory"
  | "release"
  | Exclude<keyof DiskFile, "status" | "lock">
  | "fileStatus"
  | "fileLock";

export interface Operation {
  readonly kind: OperationKind;
  readonly path: string;
  /** Bytes that were written, or the length after a truncation; 0 for the others. */
  readonly bytes: number;
}

/** What an operation is made to do, once. */
interface Fault {
  readonly kind: OperationKind;
  readonly path: string | undefined;
  /** An error code, for a write also the number of bytes that it stores, or a promise to wait for. */
  readonly effect: string | number | Promise<void>;
  readonly met?: () => void;
}

/**
 * A file system in memory. Every operation takes a few turns of the promise queue and no time; it can fail, wait, or
 * be the one at which the power goes. What another program does to the files, the methods with a plain result do at
 * once, and durably.
 */
export interface SimulatedDisk extends Disk {
  /** Every operation so far, in the order in which they happened; failed ones too. */
  readonly operations: readonly Operation[];
  /** Bytes that all files together may have; unlimited at first. */
  capacity_bytes: number;
  /** Asked of each operation, with its index: the code that it fails with, if any. */
  refuses: (operation: Operation, index: number) => string | undefined;
  /** From the operation with this index on nothing happens any more, and all reject with EPOWER. */
  cutPowerAt(index: number): void;
  /** Resolves once an operation was refused for want of power. */
  readonly powerless: Promise<void>;
  /** The disk as the next boot finds it: without locks, faults, and open files. This one stays as it is. */
  afterCrash(random: Random, mode: CrashMode): SimulatedDisk;
  /** The next write stores so many bytes, or fails with the code. Faults of one kind happen one after the other. */
  failNextWrite(effect: string | number, path?: string): void;
  /** The next sync fails, and its pages count as clean: they are durable only once they are written again. */
  failNextSync(code: string, path?: string): void;
  failNext(kind: Exclude<OperationKind, "write" | "sync">, code: string, path?: string): void;
  /** The next operation of the kind waits until it is released. */
  holdNext(kind: OperationKind, path?: string): Hold;

  /** Paths of all files, sorted. */
  paths(): readonly string[];
  /** The bytes as readers see them, or undefined where there is no such file. */
  content(path: string): Buffer | undefined;
  /** The bytes that are sure to survive. */
  durable(path: string): Buffer | undefined;
  put(path: string, content: string | Uint8Array): void;
  append(path: string, content: string | Uint8Array): void;
  cut(path: string, length: number): void;
  move(from: string, to: string): void;
  delete(path: string): void;
}

export interface Hold {
  /** Resolves when the operation waits. */
  readonly reached: Promise<void>;
  release(): void;
}

/** An empty disk, or the given directories; `now` dates the files. */
export function createSimulatedDisk(
  now: () => number = () => 0,
  found: ReadonlyMap<string, SimulatedNames> = new Map([["/", createSimulatedNames()]]),
  ids = { next: 1 },
): SimulatedDisk {
  const directories = new Map(found);
  const operations: Operation[] = [];
  const faults: Fault[] = [];
  const powerless = promise();
  let crash_at = Number.POSITIVE_INFINITY;

  /** Everything that touches the disk passes here. Resolves with what a write is limited to. */
  async function operation(kind: OperationKind, path: string, bytes = 0): Promise<number> {
    powered();
    const made = { kind, path, bytes };
    const refused = disk.refuses(made, operations.push(made) - 1);
    if (refused !== undefined) throw failure(refused, kind, path);
    const index = faults.findIndex((fault) => fault.kind === kind && (fault.path ?? path) === path);
    const [fault] = index === -1 ? [] : faults.splice(index, 1);
    fault?.met?.();
    if (typeof fault?.effect === "string") throw failure(fault.effect, kind, path);
    if (typeof fault?.effect === "object") {
      await fault.effect;
      powered(-1);
    }
    return typeof fault?.effect === "number" ? fault.effect : Number.POSITIVE_INFINITY;
  }

  function powered(index_offset = 0): void {
    if (operations.length + index_offset < crash_at) return;
    powerless.resolve();
    throw Object.assign(new Error("EPOWER: no power"), { code: "EPOWER" });
  }

  function namesOf(path: string): SimulatedNames {
    const names = directories.get(dirname(path));
    if (names === undefined) throw failure("ENOENT", "open", path);
    return names;
  }

  const fileAt = (path: string): SimulatedFile | undefined => directories.get(dirname(path))?.get(basename(path));

  function existing(path: string): SimulatedFile {
    const file = fileAt(path);
    if (file === undefined) throw failure(directories.has(path) ? "EISDIR" : "ENOENT", "open", path);
    return file;
  }

  function make(path: string): SimulatedFile {
    if (directories.has(path)) throw failure("EISDIR", "open", path);
    const file = createSimulatedFile(ids.next++, now());
    namesOf(path).set(basename(path), file);
    return file;
  }

  function freeBytes(): number {
    let used = 0;
    for (const names of directories.values()) for (const name of names.names()) used += names.get(name)?.length ?? 0;
    return disk.capacity_bytes - used;
  }

  function openFile(path: string, file: SimulatedFile, how: OpenHow): DiskFile {
    let locked = false;
    const needsWriting = (): void => {
      if (how === "read") throw failure("EBADF", "write", path);
    };
    return {
      async read(buffer, position) {
        await operation("read", path);
        return file.read(buffer, position);
      },
      async write(bytes, position) {
        const limit = await operation("write", path, bytes.length);
        needsWriting();
        const at = how === "append" ? file.length : position;
        const room = Math.max(0, file.length + freeBytes() - at);
        const count = Math.min(bytes.length, limit, room);
        if (count === 0 && bytes.length > 0 && limit > 0) throw failure("ENOSPC", "write", path);
        file.write(bytes.subarray(0, count), at);
        file.modified_ms = now();
        return count;
      },
      async truncate(length) {
        await operation("truncate", path, length);
        needsWriting();
        if (!Number.isSafeInteger(length) || length < 0) throw failure("EINVAL", "truncate", path);
        file.truncate(length);
        file.modified_ms = now();
      },
      async sync() {
        try {
          await operation("sync", path);
        } catch (error) {
          file.failSync();
          throw error;
        }
        file.sync();
      },
      async status() {
        await operation("fileStatus", path);
        return fileStatus(file);
      },
      async setModified(time_ms) {
        await operation("setModified", path);
        file.modified_ms = time_ms;
      },
      async lock() {
        await operation("fileLock", path);
        if (file.locked) return false;
        locked = true;
        file.locked = true;
        return true;
      },
      async close() {
        await operation("close", path);
        if (locked) file.locked = false;
      },
    };
  }

  const disk: SimulatedDisk = {
    // It has neither links nor mounts.
    async resolve(path) {
      await operation("resolve", path);
      return path;
    },
    async mountedAt(path) {
      await operation("mountedAt", path);
      return undefined;
    },
    async makeDirectory(path) {
      await operation("makeDirectory", path);
      const missing: string[] = [];
      for (let parent = path; !directories.has(parent); parent = dirname(parent)) {
        if (fileAt(parent) !== undefined) throw failure(parent === path ? "EEXIST" : "ENOTDIR", "mkdir", path);
        missing.push(parent);
      }
      for (const parent of missing) directories.set(parent, createSimulatedNames());
    },
    async list(directory) {
      await operation("list", directory);
      const names = directories.get(directory);
      if (names === undefined) throw failure("ENOENT", "scandir", directory);
      return names.names().map((name) => ({ name, regular: true }));
    },
    async open(path, how) {
      await operation("open", path);
      const file = how === "read" || how === "update" ? existing(path) : (fileAt(path) ?? make(path));
      if (how === "replace") file.truncate(0);
      return openFile(path, file, how);
    },
    async status(path) {
      await operation("pathStatus", path);
      if (directories.has(path))
        return { size: 0, identity: `1:${path}`, modified_ms: 0, links: 2, directory: true, regular: false };
      const file = fileAt(path);
      return file === undefined ? undefined : fileStatus(file);
    },
    async rename(from, to) {
      await operation("rename", from);
      if (dirname(from) !== dirname(to)) throw failure("EXDEV", "rename", from);
      existing(from);
      namesOf(from).rename(basename(from), basename(to));
    },
    async remove(path) {
      await operation("remove", path);
      existing(path);
      namesOf(path).remove(basename(path));
    },
    async openDirectory(path) {
      await operation("openDirectory", path);
      const names = directories.get(path);
      if (names === undefined) throw failure("ENOENT", "open", path);
      return {
        async sync() {
          await operation("syncDirectory", path);
          names.sync();
        },
        async close() {
          await operation("closeDirectory", path);
        },
      };
    },
    async lock(path) {
      await operation("lock", path);
      const file = fileAt(path) ?? make(path);
      if (file.locked) return undefined;
      file.locked = true;
      return {
        identity: fileStatus(file).identity,
        async release() {
          await operation("release", path);
          file.locked = false;
        },
      };
    },
    operations,
    capacity_bytes: Number.POSITIVE_INFINITY,
    refuses: () => undefined,
    cutPowerAt(index) {
      crash_at = index;
    },
    powerless: powerless.promise,
    afterCrash(random, mode) {
      const reborn = new Map<SimulatedFile, SimulatedFile>();
      const rebornFile = (file: SimulatedFile): SimulatedFile => {
        const known = reborn.get(file) ?? file.afterCrash(random, mode);
        reborn.set(file, known);
        return known;
      };
      const next = [...directories].map(([path, names]) => [path, names.afterCrash(random, mode, rebornFile)] as const);
      const after = createSimulatedDisk(now, new Map(next), { next: ids.next });
      after.capacity_bytes = disk.capacity_bytes;
      return after;
    },
    failNextWrite: (effect, path) => void faults.push({ kind: "write", path, effect }),
    failNextSync: (code, path) => void faults.push({ kind: "sync", path, effect: code }),
    failNext: (kind, code, path) => void faults.push({ kind, path, effect: code }),
    holdNext(kind, path) {
      const reached = promise();
      const released = promise();
      faults.push({ kind, path, effect: released.promise, met: reached.resolve });
      return { reached: reached.promise, release: released.resolve };
    },

    paths: () =>
      [...directories]
        .flatMap(([path, names]) => names.names().map((name) => `${path === "/" ? "" : path}/${name}`))
        .sort(),
    content: (path) => fileAt(path)?.content(),
    durable: (path) => fileAt(path)?.durable(),
    put(path, content) {
      for (let parent = dirname(path); !directories.has(parent); parent = dirname(parent)) {
        directories.set(parent, createSimulatedNames());
      }
      const file = fileAt(path) ?? make(path);
      file.truncate(0);
      file.write(Buffer.from(content), 0);
      file.sync();
      namesOf(path).sync();
    },
    append(path, content) {
      const file = existing(path);
      file.write(Buffer.from(content), file.length);
      file.sync();
    },
    cut(path, length) {
      const file = existing(path);
      file.truncate(length);
      file.sync();
    },
    move(from, to) {
      existing(from);
      namesOf(from).rename(basename(from), basename(to));
      namesOf(from).sync();
    },
    delete(path) {
      existing(path);
      namesOf(path).remove(basename(path));
      namesOf(path).sync();
    },
  };
  return disk;
}

/** The disk of the seed's own crash: for tests that need one crash and no series. */
export function crashed(disk: SimulatedDisk, mode: CrashMode, seed = 1): SimulatedDisk {
  return disk.afterCrash(createRandom(seed), mode);
}

function fileStatus(file: SimulatedFile): FileStatus {
  const { length: size, modified_ms, links } = file;
  return { size, identity: `1:${file.id}`, modified_ms, links, directory: false, regular: true };
}

function failure(code: string, call: string, path: string): Error {
  return Object.assign(new Error(`${code}: simulated failure, ${call} '${path}'`), { code });
}

function promise(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const made = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise: made, resolve };
}
