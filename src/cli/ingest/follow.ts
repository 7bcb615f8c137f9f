/** Lines of a file that another program is writing, also when it is rotated or cut. */
import { createHash } from "node:crypto";
import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describeFileError } from "../../config/errors.js";
import { WorkError } from "../context.js";
import type { Batch, RowStamps } from "./batches.js";
import { digestBefore, NOTHING_STORED, readState, writeState } from "./follow_state.js";
import { createLineSplitter, type Line } from "./lines.js";

export interface FollowOptions {
  /** Absolute. */
  readonly path: string;
  /** Its name in messages. */
  readonly name: string;
  /** Absolute; undefined: nothing is kept, and the file is read from its start. */
  readonly state_path: string | undefined;
  /** Whether rows are stamped, which the state then keeps. */
  readonly stamped: boolean;
  /** Ends the lines. */
  readonly stop: AbortSignal;
  /** Between two looks at a file that does not grow. */
  readonly poll_ms: number;
  now_ms(): number;
  /** Gets what may have been missed, in one line. */
  warn(message: string): void;
}

export interface Follower {
  /** Throws WorkError when the file or the state cannot be read. */
  readonly lines: AsyncGenerator<readonly Line[]>;
  /** All lines up to the end of this batch are stored or refused. */
  stored(batch: Batch): Promise<void>;
  /** The same for a line each time that it is read, also by the next process. */
  readonly stamps: RowStamps;
  close(): Promise<void>;
}

interface OpenFile {
  readonly handle: FileHandle;
  readonly id: string;
}

const CHUNK_BYTES = 256 * 1024;
/** Of what is compared to recognise a file. */
const BEFORE_BYTES = 1024;

/**
 * Follows a file by its name. A file is left for its successor when that has bytes, and all of the old one is stored:
 * a program may write to the old one until it opens the new one. A partial last line waits for its end until then.
 */
export function createFollower(options: FollowOptions): Follower {
  const { path, name, state_path, stamped, stop, poll_ms, now_ms, warn } = options;
  let state = NOTHING_STORED;
  let file: OpenFile | undefined;
  /** Where the last line ends that was passed on. */
  let passed_on = 0;

  /** One at a time: lines are read ahead while others are being stored. */
  let saving: Promise<void> = Promise.resolve();
  function save(): Promise<void> {
    if (state_path !== undefined) saving = saving.then(() => writeState(state_path, state));
    return saving;
  }

  const wait = () => pause(poll_ms, undefined, { signal: stop }).catch(() => undefined);

  async function* follow(): AsyncGenerator<readonly Line[]> {
    try {
      if (state_path !== undefined) state = await readState(state_path);
      let next = await findStoredFile();
      if (next === undefined && (await idOf(path)) === undefined) warn(`${name}: not there yet; waiting for it`);
      while (!stop.aborted) {
        file = next ?? (await openFile(path));
        next = undefined;
        if (file === undefined) {
          await wait();
          continue;
        }
        yield* linesOf(file);
        if (!stop.aborted) await file.handle.close();
      }
    } catch (error) {
      throw error instanceof WorkError ? error : new WorkError(`${name}: cannot read: ${describeFileError(error)}`);
    }
  }

  /** The file of the state, by its name or by the one that it was given since; undefined when it is not there. */
  async function findStoredFile(): Promise<OpenFile | undefined> {
    if (state.file === "") return undefined;
    const names = await readdir(dirname(path));
    for (const candidate of [path, ...names.map((one) => join(dirname(path), one))]) {
      if ((await idOf(candidate)) !== state.file) continue;
      const found = await openFile(candidate);
      if (found !== undefined && (await hasStored(found))) return found;
      await found?.handle.close();
    }
    warn(`${name}: the file that was read until now is not here any more; rows at its end may be missing`);
    state = NOTHING_STORED;
    return undefined;
  }

  /** Whether a file is that of the state, not another one with its inode. */
  async function hasStored({ handle, id }: OpenFile): Promise<boolean> {
    return id === state.file && digestBefore(await bytesBefore(handle, state.offset)) === state.before;
  }

  /** Ends when the file has a successor. */
  async function* linesOf({ handle, id }: OpenFile): AsyncGenerator<readonly Line[]> {
    const known = await hasStored({ handle, id });
    let offset = known ? state.offset : 0;
    let splitter = createLineSplitter(offset, known ? state.line : 0);
    let seen = await bytesBefore(handle, offset);
    passed_on = offset;
    if (!known) await beginAnew(id);
    while (!stop.aborted) {
      const { size } = await handle.stat();
      if (size < offset || (size > offset && !seen.equals(await bytesBefore(handle, offset)))) {
        await allStored();
        warn(`${name}: it was cut; it is read from its start`);
        offset = 0;
        splitter = createLineSplitter(0, 0);
        seen = Buffer.alloc(0);
        await beginAnew(id);
      } else if (size > offset) {
        const chunk = await readAt(handle, offset, CHUNK_BYTES);
        offset += chunk.length;
        seen = Buffer.concat([seen, chunk]).subarray(-BEFORE_BYTES);
        yield* passOn(splitter.add(chunk));
      } else if ((await isReplaced(id)) && (await handle.stat()).size === offset) {
        yield* passOn(splitter.rest());
        await allStored();
        return;
      } else await wait();
    }
  }

  /** Saved at once: the file may be renamed before any of it is stored. */
  async function beginAnew(id: string): Promise<void> {
    state = { ...NOTHING_STORED, file: id, before: digestBefore(Buffer.alloc(0)) };
    passed_on = 0;
    await save();
  }

  async function* passOn(lines: readonly Line[]): AsyncGenerator<readonly Line[]> {
    const end = lines.at(-1)?.end;
    if (end === undefined) return;
    if (stamped && end > (state.stamps.at(-1)?.end ?? 0)) {
      state = { ...state, stamps: [...state.stamps, { end, now_ms: now_ms() }] };
      await save();
    }
    passed_on = end;
    yield lines;
  }

  async function allStored(): Promise<void> {
    while (!stop.aborted && state.offset < passed_on) await wait();
  }

  /** Whether the name stands for another file, to which something was written. */
  async function isReplaced(id: string): Promise<boolean> {
    const found = await stat(path, { bigint: true }).catch(() => undefined);
    return found !== undefined && `${found.ino}` !== id && found.size > 0n;
  }

  function nowOf({ end = 0 }: Line): number {
    return state.stamps.find((stamp) => stamp.end >= end)?.now_ms ?? now_ms();
  }

  return {
    lines: follow(),
    async stored({ last_line: line, end }) {
      if (file === undefined || end === undefined) return;
      const before = digestBefore(await bytesBefore(file.handle, end));
      state = { file: file.id, offset: end, line, before, stamps: state.stamps.filter((stamp) => stamp.end > end) };
      await save();
    },
    stamps: {
      now_ms: nowOf,
      session_id: (line) =>
        createHash("sha256")
          .update(`${file?.id}:${line.end}:${nowOf(line)}:`)
          .update(line.bytes ?? "")
          .digest("hex")
          .slice(0, 32),
    },
    close: async () => file?.handle.close(),
  };
}

async function openFile(path: string): Promise<OpenFile | undefined> {
  const handle = await open(path, "r").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  });
  return handle && { handle, id: `${(await handle.stat({ bigint: true })).ino}` };
}

async function idOf(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found === undefined ? undefined : `${found.ino}`;
}

/** At most `BEFORE_BYTES`; fewer also where the file is shorter than the offset. */
function bytesBefore(handle: FileHandle, offset: number): Promise<Buffer> {
  const length = Math.min(offset, BEFORE_BYTES);
  return readAt(handle, offset - length, length);
}

async function readAt(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset);
  return buffer.subarray(0, bytesRead);
}
