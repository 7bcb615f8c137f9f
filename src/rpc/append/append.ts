import type { AppendSessionResponse } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import type { Appended, AppendLog } from "../../journal/index.js";
import type { AcceptedRecord, Stamps, Timestamp } from "../../record/index.js";
import { appendFailureStatus, refusedStatus } from "../errors.js";
import type { CheckRecord, RpcObserver } from "../observer.js";
import type { Caller } from "../security/callers.js";
import { foreignDaemonStatus, ownsDaemon } from "../security/daemons.js";
import type { Reply, UnaryHandler } from "../unary.js";
import type { AppendRequest, BrokenRequest } from "./requests.js";
import { traceIdFrom } from "./trace_id.js";
import { type AlarmLog, warnIfUngrounded } from "./ungrounded.js";

/** What the handlers need of a journal. */
export type AppendPort = Pick<AppendLog, "append">;

/** What the handlers are made of. */
export interface HandlerParts {
  readonly checkRecord: CheckRecord;
  readonly journal: AppendPort;
  /** The daemon of a caller's records that name none; "" when there is no default. */
  readonly daemonFor: (caller: Caller | undefined) => string;
  readonly now: () => Timestamp;
  /** A new session id, never the same again. */
  readonly newSessionId: () => string;
  readonly log: AlarmLog;
  readonly observer: Pick<RpcObserver, "recordRefused" | "rowAppended">;
}

/** A record was stored. */
export function reportAppended(
  { log, observer }: Pick<HandlerParts, "log" | "observer">,
  record: AcceptedRecord,
  { sequence, duplicate }: Appended,
  caller: Caller | undefined,
): void {
  if (duplicate) return;
  observer.rowAppended(record, caller);
  warnIfUngrounded(log, record, sequence);
}

/** AppendSession. A record without a session_id gets the call's trace id, else a new one. */
export function createAppendHandler(
  parts: HandlerParts,
): UnaryHandler<AppendRequest | BrokenRequest, AppendSessionResponse> {
  const { checkRecord, journal, daemonFor, now, newSessionId, observer } = parts;

  return async (request, { metadata, caller }) => {
    if (!request.ok) return refuse("record", request.description, "INVALID_ENCODING");
    if (request.record === undefined) return refuse("record", "a record is required", "REQUIRED");

    const stamps: Stamps = {
      session_id: () => traceIdFrom(metadata) ?? newSessionId(),
      daemon: daemonFor(caller),
      timestamp: now,
    };
    const record = checkRecord(request.record, stamps);
    if (!record.ok) return { ok: false, status: refusedStatus(record.violations) };

    const { session_id, timestamp, row, daemon } = record;
    if (!ownsDaemon(caller, daemon)) {
      observer.recordRefused(["daemon_denied"]);
      return { ok: false, status: foreignDaemonStatus(caller, daemon) };
    }
    if (request.validate_only) return { ok: true, value: { session_id, timestamp, sequence: 0, duplicate: false } };

    const outcome = await journal.append([row]);
    if (outcome.kind !== "appended") return { ok: false, status: appendFailureStatus(outcome) };
    const appended = outcome.rows[0];
    if (appended === undefined) throw new Error("the journal stored one row and returned none");
    reportAppended(parts, record, appended, caller);
    return { ok: true, value: { session_id, timestamp, ...appended } };
  };
}

/** A request refused as a whole, for one reason. */
export function refuse(
  field: "record" | "records",
  description: string,
  reason: "REQUIRED" | "TOO_LONG" | "INVALID_ENCODING",
): Reply<never> {
  return { ok: false, status: refusedStatus([{ field, description, reason }]) };
}
