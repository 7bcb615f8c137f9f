import type { AcceptedRecord } from "../../record/index.js";

/** pino's Logger fits. */
export interface AlarmLog {
  warn(fields: object, message: string): void;
}

/** Tells of an accepted fill that is now stored though somebody named in it is not on the roster. Never its artifact. */
export function warnIfUngrounded(log: AlarmLog, record: AcceptedRecord, sequence: number): void {
  const { session_id, daemon, kind, final_verdict, grounded_in_roster } = record;
  if (kind !== "fill" || final_verdict !== "accepted" || grounded_in_roster !== false) return;
  log.warn({ session_id, daemon, sequence }, "ungrounded accepted fill");
}
