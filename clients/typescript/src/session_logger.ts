import { writeLog } from "./client_log.js";
import { appendAndWait, CLOSED } from "./delivery/append_and_wait.js";
import { createRecordBuffer } from "./delivery/buffer.js";
import { createDiagnostics, violationsText } from "./delivery/diagnostics.js";
import { type TrackedLogger, track, untrack } from "./delivery/exit_hooks.js";
import { createRefusedRows, nameOf } from "./delivery/refused_rows.js";
import { createSender } from "./delivery/sender.js";
import { spillRecords } from "./delivery/spill.js";
import { createCounters } from "./delivery/stats.js";
import { optionsOfEnvironment } from "./environment.js";
import { createDisabledLogger, createUnusableLogger, type SessionLogger } from "./logger.js";
import { type Options, resolveOptions, type SessionLoggerOptions, toTimer } from "./options.js";
import { type EncodedRecord, encodeRecord } from "./record/encode_record.js";
import type { SessionRecordInput } from "./record/record.js";
import { addressProblem } from "./rpc/address.js";
import { createConnection } from "./rpc/connection.js";
import { tokenProblem } from "./rpc/token.js";
import { runSession, type SessionParts, startSession } from "./session.js";

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
  const resolved = resolveOptions(trimmed, options ?? {});
  const { log, daemon } = resolved;
  if (trimmed === "") {
    writeLog(log, "info", "off, no address");
    return createDisabledLogger();
  }
  const problem = addressProblem(trimmed);
  if (problem !== undefined) {
    return createUnusableLogger(resolved, `the address cannot be used: ${problem}`, "UNAVAILABLE");
  }
  const unsent = tokenProblem(resolved);
  if (unsent !== undefined)
    return createUnusableLogger(resolved, `the token cannot be used: ${unsent}`, "UNAUTHENTICATED");
  writeLog(log, "info", `sending to ${trimmed}${daemon === "" ? "" : ` as ${daemon}`}`);
  return createEnabledLogger(resolved);
}

/**
 * A logger for the service that the environment names: SESSIONLOG_ADDRESS, and as options SESSIONLOG_DAEMON,
 * SESSIONLOG_SPILL_FILE, SESSIONLOG_DEBUG=1, SESSIONLOG_TOKEN_FILE or SESSIONLOG_TOKEN, and for TLS SESSIONLOG_CA_FILE,
 * _CERT_FILE, _KEY_FILE and _SERVER_NAME. The options given win. Nothing else reads these variables.
 */
export function createSessionLoggerFromEnv(options?: SessionLoggerOptions | null): SessionLogger {
  return createSessionLogger(process.env.SESSIONLOG_ADDRESS, optionsOfEnvironment(process.env, options ?? {}));
}

function createEnabledLogger(options: Options): SessionLogger {
  const counters = createCounters();
  const diagnostics = createDiagnostics(options.log, options.debug);
  const connection = createConnection(options);
  const buffer = createRecordBuffer({
    records_max: options.buffer_rows,
    bytes_max: options.buffer_bytes,
    overflow: options.overflow,
    onDrop: () => void counters.dropped++,
    monotonic_ms: () => performance.now(),
  });
  const refused_rows = createRefusedRows(options.refused_file, diagnostics);
  const sender = createSender({ options, buffer, connection, counters, diagnostics, refused_rows });
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
    refused_rows.write();
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
      else {
        const { violations, rest } = encoded;
        diagnostics.refused(nameOf(rest), violations, violations.length);
        refused_rows.add(rest, violations, violations.length);
      }
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
      else if (!validate_only) {
        counters[outcome.duplicate ? "duplicate" : "appended"]++;
        diagnostics.stored();
        diagnostics.write();
      }
      return outcome;
    },

    stats() {
      const { records, bytes } = buffer.size;
      const oldest_age_ms = Math.round(performance.now() - (buffer.oldest_ms ?? performance.now()));
      const { last_error } = diagnostics;
      return { ...counters, buffered: records, buffered_bytes: bytes, oldest_age_ms, last_error };
    },

    flush: (deadline_ms) => flush(toTimer(deadline_ms, FLUSH_MS)),

    close(deadline_ms) {
      closing ??= flush(toTimer(deadline_ms, options.close_timeout_ms)).then(end);
      return closing;
    },
  };
  return logger;
}
