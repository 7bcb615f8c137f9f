import { type JournalNames, temporaryName } from "../format.js";
import type { Disk, DiskFile } from "./disk.js";

const BLOCK_BYTES = 256 * 1024;

/** The bytes in [from, to) of an open file, block by block; fewer when it ends earlier. */
export async function* readRange(file: DiskFile, from: number, to: number): AsyncGenerator<Buffer> {
  for (let position = from; position < to; ) {
    const block = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, to - position));
    const length = await file.read(block, position);
    if (length === 0) return;
    yield block.subarray(0, length);
    position += length;
  }
}

/** The bytes of a file, block by block. */
export async function* readBlocks(disk: Disk, path: string): AsyncGenerator<Buffer> {
  const file = await disk.open(path, "read");
  try {
    yield* readRange(file, 0, Number.POSITIVE_INFINITY);
  } finally {
    await file.close();
  }
}

/** The whole of a small file. */
export async function readWhole(disk: Disk, path: string): Promise<Buffer> {
  const file = await disk.open(path, "read");
  try {
    const bytes = Buffer.alloc((await file.status()).size);
    return bytes.subarray(0, await file.read(bytes, 0));
  } finally {
    await file.close();
  }
}

/** Writes all bytes at the position; rejects with ENOSPC when a write stores nothing. */
export async function writeAll(file: DiskFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const written = await file.write(bytes.subarray(done), position + done);
    if (written === 0) throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
    done += written;
  }
}

/** Replaces a file of the journal's directory atomically; durable when it resolves. */
export async function replaceFile(disk: Disk, names: JournalNames, path: string, content: Buffer): Promise<void> {
  const temporary = temporaryName(path);
  await writeFile(disk, temporary, content);
  await disk.rename(temporary, path);
  await syncDirectory(disk, names.directory);
}

/** Makes a directory's entries durable. */
export async function syncDirectory(disk: Disk, path: string): Promise<void> {
  const directory = await disk.openDirectory(path);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Writes a file and syncs it; its name is not durable yet. */
export async function writeFile(disk: Disk, path: string, content: Buffer): Promise<void> {
  const file = await disk.open(path, "replace");
  try {
    await writeAll(file, content, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}
