import { SessionLogService } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import type { Config } from "../../config/config.js";
import { HEALTH } from "../health.js";

/** How many calls of the methods with a limit of their own are open on a connection, by path. */
export type OpenStreams = Map<string, number>;

/** Why a stream is not opened. */
export interface StreamRefusal {
  readonly setting: string;
  readonly message: string;
}

/** The limits on calls that stay open: TailSessions, and Watch of the health service. */
export interface StreamLimits {
  /** A call has come. Counts it, unless there are too many. */
  open(streams: OpenStreams, path: string): StreamRefusal | undefined;
  /** A call that was counted has ended. */
  close(streams: OpenStreams, path: string): void;
}

const TAIL = SessionLogService.tailSessions.path;
const WATCH = `${HEALTH}Watch`;
const WATCHES_PER_CONNECTION_MAX = 2;

/** @param limits may change */
export function createStreamLimits(limits: Config["server"]): StreamLimits {
  let tails = 0;
  const per_connection: Readonly<Record<string, { setting: string; max: () => number }>> = {
    [TAIL]: { setting: "max_tails_per_connection", max: () => limits.max_tails_per_connection },
    [WATCH]: { setting: "Watch", max: () => WATCHES_PER_CONNECTION_MAX },
  };
  return {
    open(streams, path) {
      const own = per_connection[path];
      if (own === undefined) return undefined;
      if (path === TAIL && tails >= limits.max_tails) {
        return { setting: "max_tails", message: `${limits.max_tails} tails are open, the maximum` };
      }
      const open = streams.get(path) ?? 0;
      const max = own.max();
      if (open >= max) {
        return { setting: own.setting, message: `${max} such calls are open on this connection, the maximum` };
      }
      streams.set(path, open + 1);
      if (path === TAIL) tails += 1;
      return undefined;
    },
    close(streams, path) {
      if (per_connection[path] === undefined) return;
      streams.set(path, (streams.get(path) ?? 1) - 1);
      if (path === TAIL) tails -= 1;
    },
  };
}
