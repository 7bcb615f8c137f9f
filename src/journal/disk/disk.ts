import { constants } from "node:os";

/**
 * The little of a file system that the journal needs. The real one is node_disk.ts; the tests have one in memory that
 * fails, or loses its power, at any single operation.
 *
 * Everything rejects with an Error that has Node's `code` (ENOSPC, EACCES, …).
 */
export interface Disk {
  /** Makes the directory and its missing parents, durably, with mode 0750. One that exists is left as it is. */
  makeDirectory(path: string): Promise<void>;
  /** File names in the directory. */
  list(directory: string): Promise<readonly string[]>;
  /** Opens a file; what it makes has mode 0640. */
  open(path: string, how: OpenHow): Promise<DiskFile>;
  /** The file's status, or undefined where there is none. */
  status(path: string): Promise<FileStatus | undefined>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes the names in a directory durable: what was made, renamed or removed there. */
  syncDirectory(path: string): Promise<void>;
  /** Takes the exclusive lock on a file, making it where it is missing; undefined while another holder has it. */
  lock(path: string): Promise<Lock | undefined>;
}

/**
 * - `append`: read, and write at the end whatever the position; made when missing
 * - `update`: read, and write in place; ENOENT when missing
 * - `replace`: as `update`, made when missing, emptied when not
 * - `read`: read only; ENOENT when missing
 */
export type OpenHow = "append" | "update" | "replace" | "read";

export interface DiskFile {
  /** Reads at `position` until the buffer is full or the file ends; resolves with the number of bytes read. */
  read(buffer: Uint8Array, position: number): Promise<number>;
  /** One write; resolves with the number of bytes written, which is short when the disk is full. */
  write(bytes: Uint8Array, position: number): Promise<number>;
  truncate(length: number): Promise<void>;
  /** fdatasync: the bytes and the length are durable, the file's name may not be. */
  sync(): Promise<void>;
  status(): Promise<FileStatus>;
  /** Sets the time of its last change, milliseconds since 1970. */
  setModified(time_ms: number): Promise<void>;
  close(): Promise<void>;
}

export interface FileStatus {
  /** Bytes. */
  readonly size: number;
  /** Tells files apart: device and inode. */
  readonly identity: string;
  /** When it was last written, milliseconds since 1970. */
  readonly modified_ms: number;
  /** Names of the file; 0 once it is deleted. */
  readonly links: number;
  readonly directory: boolean;
}

export interface Lock {
  /** That of the locked file. */
  readonly identity: string;
  release(): Promise<void>;
}

/** The system's name of an error, for example "ENOSPC"; "" when the value has none. */
export function errorCode(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  // Node gives no name to what libuv does not know, EDQUOT among it: only the number.
  const number = /^Unknown system error -(\d+)$/.exec(code)?.[1];
  const known = Object.entries(constants.errno).find(([, errno]) => errno === Number(number));
  return known?.[0] ?? code;
}

/** What a person is told of a failed operation. Node's message is "CODE: text, call 'path'", of which the text is enough. */
export function errorText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const code = errorCode(error);
  if (code === "") return message;
  const text = message.replace(/^([A-Z0-9]+: )?([^,]*).*$/s, "$1$2");
  return text.startsWith(code) ? text : `${code}: ${text}`;
}

/** The file that a failed operation was about, where the error tells it. */
export function errorPath(error: unknown): string | undefined {
  return error instanceof Error && "path" in error && typeof error.path === "string" ? error.path : undefined;
}

/** Writes all the bytes at the position; rejects as the first write that stores nothing does. */
export async function writeAll(file: DiskFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const written = await file.write(bytes.subarray(done), position + done);
    if (written === 0) throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
    done += written;
  }
}

/** Whether an operation failed because there is no room: on the disk, in the quota, or under the file size limit. */
export function isNoSpace(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT", "EFBIG"].includes(errorCode(error));
}
