import type { ConnectionLimit, CutReason, RpcObserver } from "../observer.js";

/** Where limits that strike are counted and logged. */
export interface LimitReports {
  connectionRefused(limit: ConnectionLimit, peer: string): void;
  callCut(reason: CutReason, setting: string, peer: string): void;
}

export interface LimitLog {
  warn(fields: object, message: string): void;
}

type LimitObserver = Pick<RpcObserver, "connectionRefused" | "callCut">;

/** Between two lines about the same limit; those in between are counted. */
const LOG_INTERVAL_MS = 10_000;

/** Counts every limit that strikes, and logs one line per setting and interval. */
export function createLimitReports(
  observer: LimitObserver,
  log: LimitLog,
  now_ms: () => number = performance.now.bind(performance),
): LimitReports {
  const entries = new Map<string, { logged_ms: number; times: number }>();

  function note(setting: string, peer: string): void {
    const entry = entries.get(setting) ?? { logged_ms: Number.NEGATIVE_INFINITY, times: 0 };
    entries.set(setting, entry);
    entry.times += 1;
    if (now_ms() - entry.logged_ms < LOG_INTERVAL_MS) return;
    log.warn({ limit: setting, times: entry.times, peer }, "a limit was reached");
    entry.logged_ms = now_ms();
    entry.times = 0;
  }

  return {
    connectionRefused(limit, peer) {
      observer.connectionRefused(limit);
      note(limit, peer);
    },
    callCut(reason, setting, peer) {
      observer.callCut(reason);
      note(setting, peer);
    },
  };
}
