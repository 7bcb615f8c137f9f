import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { CliContext } from "../context.js";

/**
 * Finds the output file among the input files.
 *
 * @param written as the user named it
 * @param read likewise; `-` is standard input
 * @returns its name there; undefined when it is not one of them
 */
export async function findSameFile(
  written: string,
  read: readonly string[],
  { cwd }: CliContext,
): Promise<string | undefined> {
  for (const file of read) {
    if (file !== "-" && (await isSameFile(resolve(cwd, file), resolve(cwd, written)))) return file;
  }
  return undefined;
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.allSettled([stat(a), stat(b)]);
  if (first.status === "rejected" || second.status === "rejected") return a === b;
  return first.value.ino === second.value.ino && first.value.dev === second.value.dev;
}
