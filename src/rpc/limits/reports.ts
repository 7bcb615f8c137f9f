import type { ConnectionLimit, CutReason, RpcObserver } from "../observer.js";
import type { AuthFailure } from "../security/access.js";

/** Where limits that strike are counted and logged. */
export interface LimitReports {
  connectionRefused(limit: ConnectionLimit, peer: string): void;
  callCut(reason: CutReason, setting: string, peer: string): void;
  corruptMessage(peer: string): void;
  /** @param method a name of ours, never one that a client made up */
  credentialsRefused(peer: string, failure: AuthFailure, method: string, token_id: string | undefined): void;
  /** @param why the error's code, such as ERR_SSL_NO_SHARED_CIPHER */
  handshakeFailed(peer: string, why: string): void;
}

export interface LimitLog {
  warn(fields: object, message: string): void;
}

type LimitObserver = Pick<RpcObserver, "connectionRefused" | "callCut" | "authFailed">;

/** Between two lines about the same limit; those in between are counted. */
const LOG_INTERVAL_MS = 10_000;

/** Counts every limit that strikes, and every message that does not unpack; logs one line for each kind and interval. */
export function createLimitReports(
  observer: LimitObserver,
  log: LimitLog,
  now_ms: () => number = performance.now.bind(performance),
): LimitReports {
  const entries = new Map<string, { logged_ms: number; times: number }>();

  /** Whether to log it: how often it happened since the last line. */
  function due(what: string): { times: number } | undefined {
    const entry = entries.get(what) ?? { logged_ms: Number.NEGATIVE_INFINITY, times: 0 };
    entries.set(what, entry);
    entry.times += 1;
    if (now_ms() - entry.logged_ms < LOG_INTERVAL_MS) return undefined;
    const { times } = entry;
    entries.set(what, { logged_ms: now_ms(), times: 0 });
    return { times };
  }

  function note(limit: string, peer: string): void {
    const line = due(limit);
    if (line !== undefined) log.warn({ limit, ...line, peer }, "a limit was reached");
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
    corruptMessage(peer) {
      const line = due("a corrupt message");
      if (line !== undefined) log.warn({ ...line, peer }, "a compressed message does not unpack");
    },
    credentialsRefused(peer, reason, method, token_id) {
      observer.authFailed(reason);
      const line = due(`credentials: ${reason}`);
      if (line === undefined) return;
      log.warn({ ...line, peer, reason, token_id, method }, "a call was not let in");
    },
    handshakeFailed(peer, why) {
      observer.connectionRefused("handshake");
      const line = due(`a handshake: ${why}`);
      if (line !== undefined) log.warn({ ...line, peer, why }, "a TLS handshake failed");
    },
  };
}
