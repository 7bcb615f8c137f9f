import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, mkdir, open, readdir, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { tryLock } from "fs-native-extensions";
import type { Disk, DiskFile, FileStatus, OpenHow } from "./disk.js";
import { errorCode } from "./errors.js";
import { syncDirectory } from "./files.js";
import { mountedAt, resolvePath } from "./links.js";

const FILE_MODE = 0o640;
const DIRECTORY_MODE = 0o750;

const FLAGS: Record<OpenHow, number> = {
  append: constants.O_RDWR | constants.O_APPEND | constants.O_CREAT,
  update: constants.O_RDWR,
  replace: constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC,
  read: constants.O_RDONLY,
};

/** The machine's own file system. */
export const nodeDisk: Disk = {
  resolve: resolvePath,
  mountedAt,
  async makeDirectory(path) {
    const isThere = async () => (await nodeDisk.status(path))?.directory === true;
    if (await isThere()) return;
    // Not by mkdir's `recursive`, which reports ENOENT for the EROFS of a parent.
    if (dirname(path) !== path) await nodeDisk.makeDirectory(dirname(path));
    try {
      await mkdir(path, DIRECTORY_MODE);
    } catch (error) {
      if (errorCode(error) === "EEXIST" && (await isThere())) return;
      throw error;
    }
    await syncDirectory(nodeDisk, dirname(path));
  },
  async list(directory) {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.map((entry) => ({ name: entry.name, regular: entry.isFile() }));
  },
  async open(path, how) {
    return diskFile(await openItself(path, FLAGS[how]));
  },
  async status(path) {
    try {
      return fileStatus(await lstat(path));
    } catch (error) {
      if (errorCode(error) === "ENOENT") return undefined;
      throw error;
    }
  },
  rename,
  remove: unlink,
  openDirectory: (path) => open(path, constants.O_RDONLY | constants.O_DIRECTORY),
  async lock(path) {
    const handle = await openItself(path, FLAGS.append);
    if (tryLock(handle.fd))
      return { identity: fileStatus(await handle.stat()).identity, release: () => handle.close() };
    await handle.close();
    return undefined;
  },
};

async function openItself(path: string, flags: number): Promise<FileHandle> {
  try {
    return await open(path, flags | constants.O_NOFOLLOW, FILE_MODE);
  } catch (error) {
    if (errorCode(error) !== "ELOOP") throw error;
    throw Object.assign(new Error("is a symbolic link, expected a regular file"), { path });
  }
}

function diskFile(handle: FileHandle): DiskFile {
  return {
    async read(buffer, position) {
      let done = 0;
      while (done < buffer.length) {
        const { bytesRead } = await handle.read(buffer, done, buffer.length - done, position + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return done;
    },
    async write(bytes, position) {
      return (await handle.write(bytes, 0, bytes.length, position)).bytesWritten;
    },
    truncate: (length) => handle.truncate(length),
    sync: () => handle.datasync(),
    async status() {
      return fileStatus(await handle.stat());
    },
    setModified: (time_ms) => handle.utimes(time_ms / 1000, time_ms / 1000),
    lock: async () => tryLock(handle.fd),
    close: () => handle.close(),
  };
}

function fileStatus(stats: Stats): FileStatus {
  return {
    size: stats.size,
    identity: `${stats.dev}:${stats.ino}`,
    modified_ms: stats.mtimeMs,
    links: stats.nlink,
    directory: stats.isDirectory(),
    regular: stats.isFile(),
  };
}
