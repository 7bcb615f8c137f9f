import type { AppendOutcome } from "./delivery/append_and_wait.js";
import { appendAnswered } from "./delivery/append_and_wait.js";
import { createRowBuffer } from "./delivery/buffer.js";
import { createNotices, violationsText } from "./delivery/diagnostics.js";
import { closed, type Living, used } from "./delivery/exit_hooks.js";
import { createSender } from "./delivery/sender.js";
import { leaveRows } from "./delivery/spill.js";
import { createCounters, type Stats } from "./delivery/stats.js";
import { encodeWith, type Options, resolveOptions, type SessionLoggerOptions, toTimer } from "./options.js";
import type { SessionRecordInput } from "./record/record.js";
import { createConnection } from "./rpc/connection.js";

export interface AppendAndWaitOptions {
  /** How long to wait; a service that is busy or away is tried again until then. 30 s unless told. */
  readonly deadline_ms?: number | undefined;
  /** Have the record checked only; nothing is written, and the answer's sequence is 0. */
  readonly validate_only?: boolean | undefined;
}

/** Sends records to the service without the daemon noticing. Nothing here throws or rejects. */
export interface SessionLogger {
  /** False for a logger without an address: every call on it does nothing. */
  readonly enabled: boolean;
  /** Has a record stored. Takes a snapshot, puts a session_id, the time and the daemon into it where there is none, and
   * returns at once. */
  append(record: SessionRecordInput): void;
  /** Stores a record and resolves once it is on disk, before those that wait in the buffer, or with why it is not. */
  appendAndWait(record: SessionRecordInput, options?: AppendAndWaitOptions | null): Promise<AppendOutcome>;
  /** What has become of the rows so far. */
  stats(): Stats;
  /** Waits until all records appended before are stored, refused or dropped; false when that takes longer, 10 s unless
   * told. */
  flush(deadline_ms?: number | null): Promise<boolean>;
  /**
   * Sends what waits, for at most so long (`close_timeout_ms` unless told), and ends. What is left then goes to the spill
   * file, or is lost and counted as dropped. True when nothing was left.
   *
   * Records appended from now on are dropped. To close again changes nothing. A logger that nobody closed is when
   * nothing else keeps the process alive; by `process.exit` it is not, and its rows are spilled. A signal that ends the
   * process loses them.
   */
  close(deadline_ms?: number | null): Promise<boolean>;
}

const DEADLINE_MS = 30_000;
const FLUSH_MS = 10_000;

/**
 * A logger for the service at `address` (`host:port` or `unix:/path`). With an empty address it is off. It connects with
 * the first record, and the service may be down then.
 */
export function createSessionLogger(
  address: string | null | undefined,
  options?: SessionLoggerOptions | null,
): SessionLogger {
  // As a configuration has it, which may not be a text at all.
  const trimmed = String(address ?? "").trim();
  return trimmed === "" ? createDisabledLogger() : createEnabledLogger(resolveOptions(trimmed, options ?? {}));
}

function createDisabledLogger(): SessionLogger {
  return {
    enabled: false,
    append: () => undefined,
    appendAndWait: async () => ({ ok: true, session_id: "", timestamp: undefined, sequence: 0, duplicate: false }),
    stats: () => ({ ...createCounters(), buffered: 0, buffered_bytes: 0 }),
    flush: async () => true,
    close: async () => true,
  };
}

function createEnabledLogger(options: Options): SessionLogger {
  const counters = createCounters();
  const notices = createNotices(options.log);
  const connection = createConnection(options);
  const buffer = createRowBuffer({
    rows_max: options.buffer_rows,
    bytes_max: options.buffer_bytes,
    overflow: options.overflow,
    onDrop: () => void counters.dropped++,
  });
  const sender = createSender({ options, buffer, connection, counters, notices });
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

  /** Ends with what is left. True when that is nothing. */
  function end(): boolean {
    closed(living);
    sender.abandon();
    connection.close();
    const rows = buffer.drain();
    leaveRows(rows, options.spill_file, counters, notices);
    notices.tell();
    return rows.length === 0;
  }

  const living: Living = { close: () => logger.close(), abandon: end };

  const logger: SessionLogger = {
    enabled: true,

    append(record) {
      if (closing !== undefined) {
        counters.dropped++;
        return;
      }
      if (!in_use) {
        in_use = true;
        used(living);
      }
      const row = encodeWith(options, record);
      if (row.ok) buffer.put(row.bytes);
      else {
        counters.refused++;
        notices.refused(row.violations, row.violations.length);
      }
      sender.kick();
    },

    async appendAndWait(record, call) {
      if (closing !== undefined) {
        return {
          ok: false,
          kind: "failed",
          code: "CLOSED",
          message: "the logger is closed",
          retry_after_ms: undefined,
        };
      }
      const row = encodeWith(options, record);
      if (!row.ok) {
        counters.refused++;
        const { violations } = row;
        return { ok: false, kind: "refused", violations, message: violationsText(violations, violations.length) };
      }
      const validate_only = call?.validate_only === true;
      const deadline_ms = toTimer(call?.deadline_ms, DEADLINE_MS);
      const onRetry = () => void counters.retried++;
      const outcome = await appendAnswered(connection, options, row.bytes, { validate_only, deadline_ms, onRetry });
      if (!outcome.ok) counters.refused += outcome.kind === "refused" ? 1 : 0;
      else if (!validate_only) counters[outcome.duplicate ? "duplicate" : "appended"]++;
      return outcome;
    },

    stats() {
      const { rows, bytes } = buffer.size;
      return { ...counters, buffered: rows, buffered_bytes: bytes };
    },

    flush: (deadline_ms) => flush(toTimer(deadline_ms, FLUSH_MS)),

    close(deadline_ms) {
      closing ??= flush(toTimer(deadline_ms, options.close_timeout_ms)).then(end);
      return closing;
    },
  };
  return logger;
}
