import { errorText, isShortage } from "../disk/errors.js";
import type { JournalLog } from "../types.js";

/** Puts work off while the system is short of descriptors or memory; see isShortage. */
export interface Shortage {
  /**
   * Does work that can wait: a shortage leaves the active file as it is, and the work for some seconds.
   *
   * @param asked whether an operator asks for it: done at once
   */
  unlessShort(work: () => Promise<void>, asked?: boolean): Promise<void>;
  /** Work of this kind has been done: the next shortage is another one, and is told. */
  over(): void;
}

const RETRY_MS = 5_000;

/** What a shortage needs to know of the store. */
export interface ShortageOptions {
  readonly log: JournalLog;
  /** The active file, for the log. */
  readonly path: () => string;
  /** Whether appends can go on without the work: its error is thrown otherwise. */
  readonly can_wait: () => boolean;
  readonly monotonic_ms: () => number;
}

export function createShortage({ log, path, can_wait, monotonic_ms }: ShortageOptions): Shortage {
  let waits_until_ms = Number.NEGATIVE_INFINITY;
  let told = false;
  return {
    async unlessShort(work, asked = false) {
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
