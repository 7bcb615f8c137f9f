import type { status } from "@grpc/grpc-js";
import type { AcceptedRecord, Reason, RecordToRow, RefusedRecord, Stamps } from "../record/index.js";
import type { SentRecord } from "./append/requests.js";
import type { AuthFailure } from "./security/access.js";
import type { Caller } from "./security/callers.js";

/** What the RPC surface reports of its work, for metrics. Called synchronously as things happen; must not throw. */
export interface RpcObserver {
  /** A call has come, over gRPC or as JSON. */
  callStarted(method: CallMethod): void;
  /** It is over, with this gRPC status; its answer was sent, or dropped. */
  callEnded(method: CallMethod, code: status, duration_ms: number): void;
  /** A record was checked and found good, to be stored or only checked. */
  recordAccepted(): void;
  /** A record was refused: the reason of each violation, or that its daemon is not the caller's. */
  recordRefused(reasons: readonly RefusalReason[]): void;
  /** A record was stored as a new row. `caller`: undefined when the client is anonymous. */
  rowAppended(record: AcceptedRecord, caller: Caller | undefined): void;
  /** How many TailSessions calls are open now. */
  tailsChanged(open: number): void;
  /** How many connections are open now. */
  connectionsChanged(open: number): void;
  /** A connection was closed at once: the setting, "open_files" when no descriptor was free, "handshake" when TLS failed. */
  connectionRefused(limit: ConnectionLimit): void;
  /** How many calls wait until they are read. */
  callsWaitingChanged(waiting: number): void;
  /** A call was let in. */
  callerAdmitted(caller: Caller): void;
  /** A call was not let in. */
  authFailed(reason: AuthFailure): void;
  /** A call, or with "stalled" a connection, was refused or cut. */
  callCut(reason: CutReason): void;
}

/** A method, as metrics name it. There is one object for each. */
export interface CallMethod {
  readonly type: "unary" | "client_stream" | "server_stream" | "bidi_stream" | "unknown";
  readonly service: string;
  readonly name: string;
}

export type RefusalReason = Reason | "daemon_denied";

export type ConnectionLimit = "max_connections" | "max_connections_per_peer" | "open_files" | "handshake";

/** A body or an answer took too long, a connection sent too much that is part of no request, memory, or another limit. */
export type CutReason = "late" | "stalled" | "memory" | "limit";

export const NO_RPC_OBSERVER: RpcObserver = {
  callStarted() {},
  callEnded() {},
  recordAccepted() {},
  recordRefused() {},
  rowAppended() {},
  tailsChanged() {},
  connectionsChanged() {},
  connectionRefused() {},
  callsWaitingChanged() {},
  callCut() {},
  callerAdmitted() {},
  authFailed() {},
};

/** A record as it came → its row, or why it has none. */
export type CheckRecord = (record: SentRecord, stamps: Stamps) => AcceptedRecord | RefusedRecord;

/** Makes recordToRow into what checks the records that come, and reports each. */
export function createRecordCheck(recordToRow: RecordToRow, observer: RpcObserver): CheckRecord {
  return (sent, stamps) => {
    const record = sent instanceof Uint8Array ? recordToRow(sent, stamps) : sent;
    if (record.ok) observer.recordAccepted();
    else observer.recordRefused(record.violations.map(({ reason }) => reason));
    return record;
  };
}
