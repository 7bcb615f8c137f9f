/**
 * The file-system port of the journal. node_disk.ts is the real one; the tests have one in memory that fails, or loses
 * power, at any single operation.
 *
 * Everything rejects with an Error that has Node's `code` (ENOSPC, EACCES, …).
 */
export interface Disk {
  /**
   * The path without links, of the file itself and of its directories. What is not there is kept as it is, so that a link to
   * nothing stands for the path that it names. Rejects with ELOOP for links that lead to each other.
   */
  resolve(path: string): Promise<string>;
  /**
   * What a file that is itself a mount point shows: a path inside its file system, as the system prints it. Undefined for
   * any other file, and where the system does not report it. Such a file cannot be renamed (EBUSY).
   */
  mountedAt(path: string): Promise<string | undefined>;
  /** Makes the directory and its missing parents, durably, with mode 0750. One that exists is left as it is. */
  makeDirectory(path: string): Promise<void>;
  list(directory: string): Promise<readonly DirectoryEntry[]>;
  /** Opens a file, but not through a link of that name; a new one gets mode 0640. */
  open(path: string, how: OpenHow): Promise<DiskFile>;
  /** The file's status, that of a link itself; undefined where there is none. */
  status(path: string): Promise<FileStatus | undefined>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Opens a directory, to make its entries durable. */
  openDirectory(path: string): Promise<DiskDirectory>;
  /** Locks a file exclusively, creating it if missing; undefined while another holder has the lock. */
  lock(path: string): Promise<Lock | undefined>;
}

export interface DirectoryEntry {
  readonly name: string;
  /** Not a directory, a link, a pipe or a device. */
  readonly regular: boolean;
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
  /** Locks the file itself, whatever its names, until it is closed; false while another descriptor holds the lock. */
  lock(): Promise<boolean>;
  close(): Promise<void>;
}

export interface DiskDirectory {
  /** Makes the entries durable: files created, renamed or removed. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface FileStatus {
  /** Bytes. */
  readonly size: number;
  /** Device and inode. */
  readonly identity: string;
  /** When it was last written, milliseconds since 1970. */
  readonly modified_ms: number;
  /** Names of the file; 0 once it is deleted. */
  readonly links: number;
  readonly directory: boolean;
  /** See DirectoryEntry. */
  readonly regular: boolean;
}

export interface Lock {
  /** Of the locked file. */
  readonly identity: string;
  release(): Promise<void>;
}
