import type { Violation } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { type ClientLog, writeLog } from "../client_log.js";

/** What the log gets: each reason once. It is written in the background, never while a caller appends. */
export interface Diagnostics {
  /** A record was refused. Records refused for the same fields and reasons count as one, whatever the index. */
  refused(record: RecordName, violations: readonly Violation[], violation_count: number): void;
  /** Logged unless this reason has been. */
  once(reason: string, message: string): void;
  /** Records cannot be sent. Logged once for each outage, status and message, digits aside; at most five times an
   * outage. */
  outage(code: string, message: string): void;
  recovered(): void;
  /** A row was stored. Logged once. */
  stored(): void;
  /** A call has ended. Logged with the option `debug` only. */
  called(rows: number, duration_ms: number, status: string): void;
  /** The number of records dropped so far; logged at most once a minute. */
  dropped(count: number, now_ms: number): void;
  /** Writes what is pending to the log. */
  write(): void;
  /** The last failure of a call, or refusal; empty when there was none. */
  readonly last_error: string;
}

/** What a record is known by in messages. */
export interface RecordName {
  readonly session_id: string;
  readonly daemon: string;
}

const REASONS_MAX = 1_000;
const OUTAGE_REASONS_MAX = 5;
const DROPPED_INTERVAL_MS = 60_000;

export function createDiagnostics(log: ClientLog, debug = false): Diagnostics {
  const known = new Set<string>();
  let pending: { readonly level: "debug" | "info" | "warn"; readonly message: string }[] = [];
  let last_error = "";
  let any_stored = false;
  /** What was logged of the current outage; empty when there is none. */
  const outage_reasons = new Set<string>();
  let dropped_logged = 0;
  let dropped_at_ms = Number.NEGATIVE_INFINITY;

  const warn = (message: string) => pending.push({ level: "warn", message });

  function once(reason: string, message: string): void {
    if (known.has(reason) || known.size >= REASONS_MAX) return;
    known.add(reason);
    last_error = message;
    warn(message);
  }

  return {
    once,
    refused({ session_id, daemon }, violations, violation_count) {
      const reasons = violations.map(({ field, reason }) => `${field.replaceAll(/[0-9]+/g, "")} ${reason}`);
      const text = violationsText(violations, violation_count);
      const name = [session_id && `session_id ${session_id}`, daemon && `daemon ${daemon}`].filter(Boolean).join(", ");
      const refusal = name === "" ? text : `${name}: ${text}`;
      once([...new Set(reasons)].sort().join("; "), `record refused: ${refusal}; further ones are only counted`);
      last_error = refusal;
    },
    outage(code, message) {
      last_error = `${code}: ${message}`;
      const reason = `${code} ${message.replaceAll(/[0-9]+/g, "")}`;
      if (outage_reasons.has(reason) || outage_reasons.size >= OUTAGE_REASONS_MAX) return;
      outage_reasons.add(reason);
      warn(`service unavailable, records are buffered: ${code}: ${message}`);
    },
    stored() {
      if (any_stored) return;
      any_stored = true;
      pending.push({ level: "info", message: "the first row is stored" });
    },
    called(rows, duration_ms, status) {
      if (!debug || pending.length >= REASONS_MAX) return;
      pending.push({ level: "debug", message: `sent ${rows} rows in ${Math.round(duration_ms)} ms: ${status}` });
    },
    get last_error() {
      return last_error;
    },
    recovered() {
      if (outage_reasons.size === 0) return;
      outage_reasons.clear();
      pending.push({ level: "info", message: "service available again" });
    },
    dropped(count, now_ms) {
      if (count === dropped_logged || now_ms - dropped_at_ms < DROPPED_INTERVAL_MS) return;
      warn(`${count - dropped_logged} records lost: the buffer is full`);
      dropped_logged = count;
      dropped_at_ms = now_ms;
    },
    write() {
      const messages = pending;
      pending = [];
      for (const { level, message } of messages) writeLog(log, level, message);
    },
  };
}

/** All violations on one line, and how many more there are. */
export function violationsText(violations: readonly Violation[], violation_count: number): string {
  const texts = violations.map(({ field, reason, description }) => `${field} ${reason}: ${description}`);
  if (violation_count > texts.length) texts.push(`and ${violation_count - texts.length} more`);
  return texts.join("; ");
}
