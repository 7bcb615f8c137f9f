import { writeLog } from "./client_log.js";
import { type AppendOutcome, appendAndWait, CLOSED } from "./delivery/append_and_wait.js";
import { createRecordBuffer } from "./delivery/buffer.js";
import { createDiagnostics, violationsText } from "./delivery/diagnostics.js";
import { type TrackedLogger, track, untrack } from "./delivery/exit_hooks.js";
import { createSender } from "./delivery/sender.js";
import { spillRecords } from "./delivery/spill.js";
import { createCounters, type Stats } from "./delivery/stats.js";
import { type Options, resolveOptions, type SessionLoggerOptions, toTimer } from "./options.js";
import { NO_SPAN } from "./record/current_span.js";
import { type EncodedRecord, encodeRecord } from "./record/encode_record.js";
import type { SessionRecordInput } from "./record/record.js";
import { addressProblem } from "./rpc/address.js";
import { createConnection } from "./rpc/connection.js";
import {
  runSession,
  type Session,
  type SessionParts,
  type SessionRequest,
  startSession,
  startUnrecordedSession,
} from "./session.js";

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

const DEADLINE_MS = 30_000;
const FLUSH_MS = 10_000;
/** The most bytes of a request around its one record. */
const FRAMING_BYTES_MAX = 16;

/**
 * A logger for the service at `address` (`host:port` or `unix:/path`). With an empty address it is disabled. It
 * connects with the first record, and the service may be down then.
 */
export function createSessionLogger(
  address: string | null | undefined,
  options?: SessionLoggerOptions | null,
): SessionLogger {
  // As a configuration has it, which may not be text at all.
  const trimmed = String(address ?? "").trim();
  if (trimmed === "") return createDisabledLogger();
  const resolved = resolveOptions(trimmed, options ?? {});
  const problem = addressProblem(trimmed);
  return problem === undefined ? createEnabledLogger(resolved) : createUnusableLogger(resolved, problem);
}

function createDisabledLogger(): SessionLogger {
  return {
    enabled: false,
    append: () => undefined,
    session: (request, work) => runSession(startUnrecordedSession(request), work),
    startSession: startUnrecordedSession,
    appendAndWait: async () => ({ ok: true, session_id: "", timestamp: undefined, sequence: 0, duplicate: false }),
    stats: () => ({ ...createCounters(), buffered: 0, buffered_bytes: 0 }),
    flush: async () => true,
    close: async () => true,
  };
}

/** A logger whose address cannot be used, which is reported at once: records are counted as dropped. */
function createUnusableLogger({ log }: Options, problem: string): SessionLogger {
  const counters = createCounters();
  const message = `the address cannot be used: ${problem}`;
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
    appendAndWait: async () => ({ ok: false, kind: "failed", code: "UNAVAILABLE", message, retry_after_ms: undefined }),
    stats: () => ({ ...counters, buffered: 0, buffered_bytes: 0 }),
  };
}

function createEnabledLogger(options: Options): SessionLogger {
  const counters = createCounters();
  const diagnostics = createDiagnostics(options.log);
  const connection = createConnection(options);
  const buffer = createRecordBuffer({
    records_max: options.buffer_rows,
    bytes_max: options.buffer_bytes,
    overflow: options.overflow,
    onDrop: () => void counters.dropped++,
  });
  const sender = createSender({ options, buffer, connection, counters, diagnostics });
  const { daemon, now_ms, currentSpan } = options;
  const stamps = { daemon, now_ms, trace_id: () => currentSpan().trace_id };
  const bytes_max = Math.min(options.buffer_bytes, options.max_message_bytes - FRAMING_BYTES_MAX);
  let in_use = false;
  let closing: Promise<boolean> | undefined;

  async function flush(deadline_ms: number): Promise<boolean> {
    sender.hurry();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, deadline_ms, false);
    });
    const settled = await Promise.race([buffer.settled().then(() => true), late]);
    clearTimeout(timer);
    return settled;
  }

  /** Spills what is left. True when nothing is. */
  function end(): boolean {
    untrack(tracked);
    sender.abandon();
    connection.close();
    const records = buffer.drain();
    spillRecords(records, options.spill_file, counters, diagnostics);
    diagnostics.write();
    return records.length === 0;
  }

  function encode(record: SessionRecordInput): EncodedRecord {
    const encoded = encodeRecord(record, stamps, bytes_max);
    if (!encoded.ok) counters.refused++;
    return encoded;
  }

  const tracked: TrackedLogger = { close: () => logger.close(), abandon: end };

  const session_parts: SessionParts = {
    append: (record) => logger.append(record),
    warn: (message) => diagnostics.once(message, message),
    monotonic_ms: () => performance.now(),
    currentSpan,
  };

  const logger: SessionLogger = {
    enabled: true,

    append(record) {
      if (closing !== undefined) {
        counters.dropped++;
        return;
      }
      if (!in_use) {
        in_use = true;
        track(tracked);
      }
      const encoded = encode(record);
      if (encoded.ok) buffer.put(encoded.bytes);
      else diagnostics.refused(encoded.violations, encoded.violations.length);
      sender.wake();
    },

    session: (request, work) => runSession(logger.startSession(request), work),

    startSession: (request) => startSession(request, session_parts),

    async appendAndWait(record, call) {
      if (closing !== undefined) return CLOSED;
      const encoded = encode(record);
      if (!encoded.ok) {
        const { violations } = encoded;
        return { ok: false, kind: "refused", violations, message: violationsText(violations, violations.length) };
      }
      const validate_only = call?.validate_only === true;
      const deadline_ms = toTimer(call?.deadline_ms, DEADLINE_MS);
      const onRetry = () => void counters.retried++;
      const outcome = await appendAndWait(connection, options, encoded.bytes, { validate_only, deadline_ms, onRetry });
      if (!outcome.ok) counters.refused += outcome.kind === "refused" ? 1 : 0;
      else if (!validate_only) counters[outcome.duplicate ? "duplicate" : "appended"]++;
      return outcome;
    },

    stats() {
      const { records, bytes } = buffer.size;
      return { ...counters, buffered: records, buffered_bytes: bytes };
    },

    flush: (deadline_ms) => flush(toTimer(deadline_ms, FLUSH_MS)),

    close(deadline_ms) {
      closing ??= flush(toTimer(deadline_ms, options.close_timeout_ms)).then(end);
      return closing;
    },
  };
  return logger;
}
