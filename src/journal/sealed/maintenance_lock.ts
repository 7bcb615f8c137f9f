import type { Disk } from "../disk/disk.js";
import type { JournalNames } from "../format.js";

/** How often a lock that another process holds is tried. */
const RETRY_MS = 50;

/**
 * Runs `work` while no other process changes sealed files or their checksums: compact and the service take turns, a segment each.
 *
 * @param sleep resolves after so many milliseconds, or when the signal is aborted
 * @throws the signal's reason while it waits, the disk's error, and what `work` throws
 */
export async function underMaintenanceLock<T>(
  disk: Disk,
  names: JournalNames,
  sleep: (ms: number) => Promise<void>,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    const lock = await disk.lock(names.maintenance_lock);
    if (lock === undefined) {
      await sleep(RETRY_MS);
      continue;
    }
    try {
      return await work();
    } finally {
      await lock.release();
    }
  }
}
