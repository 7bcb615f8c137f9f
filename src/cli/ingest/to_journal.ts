import type { Journal } from "../../journal/index.js";
import { STOPPED_MESSAGE } from "../signals.js";
import type { SendOutcome } from "./to_service.js";

export interface JournalSenderOptions {
  readonly journal: Pick<Journal, "append">;
  /** For one batch with all its retries. */
  readonly timeout_ms: number;
  /** After its abort nothing more is stored. */
  readonly stop: AbortSignal;
  readonly monotonic_ms: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** Makes a function that stores rows in a journal of this process, and retries while the disk or the queue is full. */
export function createJournalSender(
  options: JournalSenderOptions,
): (rows: readonly Uint8Array[]) => Promise<SendOutcome> {
  const { journal, timeout_ms, stop, monotonic_ms, sleep } = options;
  return async (rows) => {
    const end = monotonic_ms() + timeout_ms;
    for (;;) {
      if (stop.aborted) return { ok: false, message: STOPPED_MESSAGE };
      const outcome = await journal.append(rows);
      if (outcome.kind === "appended") {
        return {
          ok: true,
          results: outcome.rows.map(({ duplicate }) => ({ kind: duplicate ? "duplicate" : "appended" })),
        };
      }
      if (outcome.kind !== "disk_full" && outcome.kind !== "queue_full") return { ok: false, message: outcome.message };
      if (monotonic_ms() + outcome.retry_after_ms >= end) {
        return { ok: false, message: `no progress for ${Math.round(timeout_ms / 1000)} s: ${outcome.message}` };
      }
      await sleep(outcome.retry_after_ms);
    }
  };
}
