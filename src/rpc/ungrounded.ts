import type { AcceptedRecord } from "../record/index.js";
import { isUngrounded } from "./tail_row.js";

/** pino's Logger fits. */
export interface AlarmLog {
  warn(fields: object, message: string): void;
}

/** Tells of an accepted fill that is now stored though somebody named in it is not on the roster. Never its artifact. */
export function warnIfUngrounded(log: AlarmLog, record: AcceptedRecord, sequence: number): void {
  if (record.kind !== "fill" || !isUngrounded(record)) return;
  const { session_id, daemon } = record;
  log.warn({ session_id, daemon, sequence }, "ungrounded accepted fill");
}
