/** A logger for a daemon's own tests: records are checked as the service checks them, and kept. No connection, no timer. */

import { SessionRecord, type Violation } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { recordToJsonLine } from "@sessionlog/protocol/record_to_json";
import { type Appended, CLOSED, type Refused } from "../delivery/append_and_wait.js";
import { violationsText } from "../delivery/diagnostics.js";
import { createCounters, NOTHING_BUFFERED } from "../delivery/stats.js";
import type { SessionLogger } from "../logger.js";
import { resolveOptions, type SessionLoggerOptions } from "../options.js";
import { encodeRecord } from "../record/encode_record.js";
import type { SessionRecordInput } from "../record/record.js";
import { runSession, startSession } from "../session.js";
import { checkRecord } from "./check_record.js";

export interface MemoryLoggerOptions extends Pick<SessionLoggerOptions, "trace_ids"> {
  /** For records without one; "test" by default. */
  readonly daemon?: string | undefined;
  /** The kinds that the service is configured with; fill, email and playbook by default. */
  readonly kinds?: readonly string[] | undefined;
  /** Whether the call that appends a record which the service would refuse throws, and `flush` and `close` then reject:
   * true by default, as that is a fault of the daemon. */
  readonly strict?: boolean | undefined;
}

/** What the service would have refused. */
export interface RefusedRecord {
  readonly record: SessionRecordInput;
  readonly violations: readonly Violation[];
}

export interface MemoryLogger extends SessionLogger {
  /** The records that the service would have stored. */
  readonly records: readonly SessionRecord[];
  /** The same as JSON, a line each. */
  readonly rows: readonly string[];
  readonly refused: readonly RefusedRecord[];
}

const KINDS = ["fill", "email", "playbook"];

/** A logger that keeps what is appended, to be asserted on. */
export function createMemoryLogger(options: MemoryLoggerOptions = {}): MemoryLogger {
  const { daemon = "test", kinds = KINDS, strict = true, trace_ids } = options;
  const { now_ms, currentSpan, max_message_bytes } = resolveOptions("memory:0", { daemon, trace_ids });
  const counters = createCounters();
  const records: SessionRecord[] = [];
  const rows: string[] = [];
  const refused: RefusedRecord[] = [];
  let closed = false;

  /** A refusal that the daemon's own code may have caught, or undefined. */
  const refusal = () => (strict && refused[0] !== undefined ? refusalError(refused[0]) : undefined);

  function check(record: SessionRecordInput): Uint8Array | Refused {
    const stamps = { daemon, now_ms, trace_id: () => currentSpan().trace_id };
    const encoded = encodeRecord(record, stamps, max_message_bytes);
    const violations = encoded.ok ? checkRecord(encoded.bytes, kinds) : encoded.violations;
    if (encoded.ok && violations.length === 0) return encoded.bytes;
    counters.refused++;
    const one = { record, violations };
    refused.push(one);
    if (strict) throw refusalError(one);
    return { ok: false, kind: "refused", violations, message: violationsText(violations, violations.length) };
  }

  function store(bytes: Uint8Array): Appended {
    const record = SessionRecord.decode(bytes);
    const { session_id, timestamp } = record;
    rows.push(recordToJsonLine(bytes).trimEnd());
    counters.appended++;
    return { ok: true, session_id, timestamp, sequence: records.push(record), duplicate: false };
  }

  function append(record: SessionRecordInput): void {
    if (closed) counters.dropped++;
    else {
      const checked = check(record);
      if (!("ok" in checked)) store(checked);
    }
  }

  const logger: MemoryLogger = {
    enabled: true,
    records,
    rows,
    refused,
    append,
    async appendAndWait(record, call) {
      if (closed) return CLOSED;
      const checked = check(record);
      if ("ok" in checked) return checked;
      if (call?.validate_only !== true) return store(checked);
      const { session_id, timestamp } = SessionRecord.decode(checked);
      return { ok: true, session_id, timestamp, sequence: 0, duplicate: false };
    },
    session: (request, work) => runSession(logger.startSession(request), work),
    startSession: (request) =>
      startSession(request, { append, warn, monotonic_ms: () => performance.now(), currentSpan }),
    stats: () => ({ ...counters, ...NOTHING_BUFFERED }),
    async flush() {
      const error = refusal();
      if (error !== undefined) throw error;
      return true;
    },
    async close() {
      closed = true;
      return logger.flush();
    },
  };
  return logger;

  function warn(message: string): void {
    if (strict) throw new Error(`session log: ${message}`);
  }
}

function refusalError({ record, violations }: RefusedRecord): Error {
  const text = violationsText(violations, violations.length);
  return new Error(`session log: the service would refuse this ${record?.kind} record: ${text}`);
}
