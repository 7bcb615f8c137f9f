import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Hands a new directory to `work` and removes it afterwards, whatever happens.
 * @template T
 * @param {(directory: string) => Promise<T>} work
 * @param {string} [parent]
 * @returns {Promise<T>}
 */
export async function inTemporaryDirectory(work, parent = tmpdir()) {
  const directory = await mkdtemp(join(parent, "sessionlog-"));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
