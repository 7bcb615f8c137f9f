import type { Violation } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { type ClientLog, writeLog } from "../client_log.js";

/** What the log is told: each reason once. It is told in the background, never while somebody appends. */
export interface Notices {
  /** A record was refused. Records refused for the same fields and reasons are one matter, whatever the index. */
  refused(violations: readonly Violation[], violation_count: number): void;
  /** To be told unless this reason has been. */
  once(reason: string, message: string): void;
  /** Rows cannot be sent. Told once for each outage, status and message, whose digits make no difference; five times in an
   * outage at most. */
  outage(code: string, message: string): void;
  recovered(): void;
  /** So many rows were dropped up to now; told each minute at most. */
  dropped(count: number, now_ms: number): void;
  /** Tells what there is to tell. */
  tell(): void;
}

const REASONS_MAX = 1_000;
const OUTAGE_REASONS_MAX = 5;
const DROPS_TOLD_EVERY_MS = 60_000;

export function createNotices(log: ClientLog): Notices {
  const known = new Set<string>();
  let untold: { readonly level: "info" | "warn"; readonly message: string }[] = [];
  /** What was told of the outage that goes on; empty when there is none. */
  const outage_reasons = new Set<string>();
  let drops_told = 0;
  let drops_told_at_ms = Number.NEGATIVE_INFINITY;

  const warn = (message: string) => untold.push({ level: "warn", message });

  function once(reason: string, message: string): void {
    if (known.has(reason) || known.size >= REASONS_MAX) return;
    known.add(reason);
    warn(message);
  }

  return {
    once,
    refused(violations, violation_count) {
      const reasons = violations.map(({ field, reason }) => `${field.replaceAll(/[0-9]+/g, "")} ${reason}`);
      const text = violationsText(violations, violation_count);
      once([...new Set(reasons)].sort().join("; "), `a record is refused: ${text}; more like it are counted, not told`);
    },
    outage(code, message) {
      const reason = `${code} ${message.replaceAll(/[0-9]+/g, "")}`;
      if (outage_reasons.has(reason) || outage_reasons.size >= OUTAGE_REASONS_MAX) return;
      outage_reasons.add(reason);
      warn(`rows wait, as the service does not take them: ${code}: ${message}`);
    },
    recovered() {
      if (outage_reasons.size === 0) return;
      outage_reasons.clear();
      untold.push({ level: "info", message: "the service takes rows again" });
    },
    dropped(count, now_ms) {
      if (count === drops_told || now_ms - drops_told_at_ms < DROPS_TOLD_EVERY_MS) return;
      warn(`${count - drops_told} rows are lost, as the buffer is full`);
      drops_told = count;
      drops_told_at_ms = now_ms;
    },
    tell() {
      const messages = untold;
      untold = [];
      for (const { level, message } of messages) writeLog(log, level, message);
    },
  };
}

/** All of them on one line, and how many more there are. */
export function violationsText(violations: readonly Violation[], violation_count: number): string {
  const texts = violations.map(({ field, reason, description }) => `${field} ${reason}: ${description}`);
  if (violation_count > texts.length) texts.push(`and ${violation_count - texts.length} more`);
  return texts.join("; ");
}
