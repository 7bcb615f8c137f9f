import type { AcceptedRecord } from "../../record/index.js";

/** pino's Logger fits. */
export interface AlarmLog {
  warn(fields: object, message: string): void;
}

/** Warns of a stored, accepted fill that names somebody who is not on the roster. Never logs its artifact. */
export function warnIfUngrounded(log: AlarmLog, record: AcceptedRecord, sequence: number): void {
  const { session_id, daemon, ungrounded } = record;
  if (ungrounded) log.warn({ session_id, daemon, sequence }, "ungrounded accepted fill");
}
