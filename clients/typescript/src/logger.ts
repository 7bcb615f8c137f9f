/** What a daemon calls, and the loggers that send nothing. */
import { writeLog } from "./client_log.js";
import type { AppendOutcome } from "./delivery/append_and_wait.js";
import { createCounters, NOTHING_BUFFERED, type Stats } from "./delivery/stats.js";
import type { Options } from "./options.js";
import { NO_SPAN } from "./record/current_span.js";
import type { SessionRecordInput } from "./record/record.js";
import { runSession, type Session, type SessionRequest, startSession, startUnrecordedSession } from "./session.js";

export interface AppendAndWaitOptions {
  /** How long to wait; a service that is busy or unavailable is called again until then. 30 s by default. */
  readonly deadline_ms?: number | undefined;
  /** Only check the record; nothing is written, and the outcome's sequence is 0. */
  readonly validate_only?: boolean | undefined;
}

/** Sends records to the service in the background. Nothing here throws or rejects. */
export interface SessionLogger {
  /** False for a logger without an address: every call on it does nothing. */
  readonly enabled: boolean;
  /** Buffers a record to be stored. Takes a snapshot, adds a session_id, the time and the daemon where there is none,
   * and returns at once. */
  append(record: SessionRecordInput): void;
  /** Stores a record, ahead of those in the buffer; resolves once it is on disk, or with why it is not. */
  appendAndWait(record: SessionRecordInput, options?: AppendAndWaitOptions | null): Promise<AppendOutcome>;
  /** Runs `work` in a session, whose record is appended when it ends. What `work` throws is recorded as infra_error and
   * thrown on. Resolves with what `work` returns. */
  session<Result>(request: SessionRequest, work: (session: Session) => Result | Promise<Result>): Promise<Result>;
  /** Begins a session that the daemon ends itself, with `end` or by `using`. */
  startSession(request: SessionRequest): Session;
  /** What has become of the records so far. */
  stats(): Stats;
  /** Waits until all records appended before are stored, refused or dropped; false when the deadline, 10 s by default,
   * comes first. */
  flush(deadline_ms?: number | null): Promise<boolean>;
  /**
   * Sends what is buffered, for at most this long (`close_timeout_ms` by default), and closes. What is left then goes
   * to the spill file, or is lost and counted as dropped. True when nothing was left.
   *
   * Records appended from now on are dropped. Closing again changes nothing. A logger that is not closed is closed when
   * nothing else keeps the process alive; `process.exit` only spills its records. A signal that ends the process loses
   * them.
   */
  close(deadline_ms?: number | null): Promise<boolean>;
}

/** A logger without an address: every call does nothing. */
export function createDisabledLogger(): SessionLogger {
  return {
    enabled: false,
    append: () => undefined,
    session: (request, work) => runSession(startUnrecordedSession(request), work),
    startSession: startUnrecordedSession,
    appendAndWait: async () => ({ ok: true, session_id: "", timestamp: undefined, sequence: 0, duplicate: false }),
    stats: () => ({ ...createCounters(), ...NOTHING_BUFFERED }),
    flush: async () => true,
    close: async () => true,
  };
}

/** A logger that can never send, which is reported at once: records are counted as dropped. */
export function createUnusableLogger({ log }: Options, message: string, code: string): SessionLogger {
  const counters = createCounters();
  writeLog(log, "warn", `records are dropped: ${message}`);
  const append = () => void counters.dropped++;
  const startDroppedSession = (request: SessionRequest) =>
    startSession(request, { append, warn: () => undefined, monotonic_ms: () => 0, currentSpan: () => NO_SPAN });
  return {
    ...createDisabledLogger(),
    enabled: true,
    append,
    session: (request, work) => runSession(startDroppedSession(request), work),
    startSession: startDroppedSession,
    appendAndWait: async () => ({ ok: false, kind: "failed", code, message, retry_after_ms: undefined }),
    stats: () => ({ ...counters, ...NOTHING_BUFFERED, last_error: message }),
  };
}
