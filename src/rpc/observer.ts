import type { status } from "@grpc/grpc-js";
import type { Reason, RecordToRow } from "../record/index.js";

/** What the RPC surface reports of its work, for metrics. Called synchronously as things happen; must not throw. */
export interface RpcObserver {
  /** A call of SessionLog has ended, with this gRPC status. */
  callEnded(method: string, code: status, duration_ms: number): void;
  /** A record was checked and found good, to be stored or only checked. */
  recordAccepted(): void;
  /** A record was refused: the reason of each violation. */
  recordRefused(reasons: readonly Reason[]): void;
  /** How many TailSessions calls are open now. */
  tailsChanged(open: number): void;
}

export const NO_RPC_OBSERVER: RpcObserver = {
  callEnded() {},
  recordAccepted() {},
  recordRefused() {},
  tailsChanged() {},
};

/** A RecordToRow that reports each record. */
export function observeRecords(recordToRow: RecordToRow, observer: RpcObserver): RecordToRow {
  return (bytes, stamps) => {
    const record = recordToRow(bytes, stamps);
    if (record.ok) observer.recordAccepted();
    else observer.recordRefused(record.violations.map(({ reason }) => reason));
    return record;
  };
}
