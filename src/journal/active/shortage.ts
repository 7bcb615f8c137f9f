import { errorText, isShortage } from "../disk/errors.js";
import type { JournalLog } from "../types.js";

/** Puts work off while the system is short of descriptors or memory; see isShortage. */
export interface Shortage {
  /**
   * Work that can wait: a shortage leaves the active file as it is, and the work for some seconds.
   *
   * @param can_wait whether appends can go on without it: its error is thrown otherwise
   * @param asked whether an operator asks for it: done at once
   */
  unlessShort(work: () => Promise<void>, can_wait: () => boolean, asked?: boolean): Promise<void>;
  /** Work of this kind has been done: the next shortage is another one, and is told. */
  over(): void;
}

const RETRY_MS = 5_000;

/** @param path tells the active file, for the log */
export function createShortage(log: JournalLog, path: () => string, monotonic_ms: () => number): Shortage {
  let waits_until_ms = Number.NEGATIVE_INFINITY;
  let told = false;
  return {
    async unlessShort(work, can_wait, asked = false) {
      if (can_wait() && !asked && monotonic_ms() < waits_until_ms) return;
      try {
        await work();
      } catch (error) {
        if (!isShortage(error) || !can_wait()) throw error;
        waits_until_ms = monotonic_ms() + RETRY_MS;
        if (told) return;
        told = true;
        const until = "appends continue in the same file, the work is tried again each 5 s";
        log.warn({ path: path() }, `short of descriptors or memory; ${until}: ${errorText(error)}`);
      }
    },
    over() {
      told = false;
    },
  };
}
