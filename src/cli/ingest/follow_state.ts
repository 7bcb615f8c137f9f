/** How far a followed file is stored, as `--state` keeps it, so that a command that was killed goes on there. */
import { createHash } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { describeFileError } from "../../config/errors.js";
import { WorkError } from "../context.js";

/** When lines were read: those up to `end` that no earlier stamp covers. */
export interface Stamp {
  readonly end: number;
  readonly now_ms: number;
}

export interface FollowState {
  /** Its inode; empty before the first file is opened. */
  readonly file: string;
  /** Every line before it is stored or reported as refused. */
  readonly offset: number;
  /** How many lines there are before it. */
  readonly line: number;
  /** Digest of the bytes before the offset: another file may have the same inode. */
  readonly before: string;
  /** Of rows that may have been sent and are not stored yet. */
  readonly stamps: readonly Stamp[];
}

export const NOTHING_STORED: FollowState = { file: "", offset: 0, line: 0, before: "", stamps: [] };

/** The digest of the bytes before an offset. */
export function digestBefore(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The state that a file holds; nothing stored where there is no such file. Throws WorkError for a file that is none. */
export async function readState(path: string): Promise<FollowState> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return NOTHING_STORED;
    throw new WorkError(`${path}: cannot read: ${describeFileError(error)}`);
  }
  const state = parse(text);
  if (state !== undefined) return state;
  throw new WorkError(`${path}: expected what --state has written; remove it to begin at the start of the input`);
}

/** Replaces the file in one step, so that a command that is killed leaves the old state or the new one. */
export async function writeState(path: string, state: FollowState): Promise<void> {
  try {
    await writeFile(`${path}.new`, `${JSON.stringify(state)}\n`);
    await rename(`${path}.new`, path);
  } catch (error) {
    throw new WorkError(`${path}: cannot write: ${describeFileError(error)}`);
  }
}

function parse(text: string): FollowState | undefined {
  try {
    const { file, offset, line, before, stamps }: Readonly<Record<string, unknown>> = JSON.parse(text);
    if (typeof file !== "string" || !isOffset(offset) || !isOffset(line) || typeof before !== "string")
      return undefined;
    return Array.isArray(stamps) && stamps.every(isStamp) ? { file, offset, line, before, stamps } : undefined;
  } catch {
    return undefined;
  }
}

function isStamp(value: unknown): value is Stamp {
  if (typeof value !== "object" || value === null || !("end" in value && "now_ms" in value)) {
    return false;
  }
  return isOffset(value.end) && typeof value.now_ms === "number";
}

function isOffset(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
