/** Sends records in the background, in batches, until they are stored or refused. */
import type { BatchAppendSessionsResponse, Violation } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { describeError } from "../errors.js";
import type { Options } from "../options.js";
import type { CallResult } from "../rpc/api_client.js";
import type { Connection } from "../rpc/connection.js";
import type { CallFailure } from "../rpc/failure.js";
import { backoffs } from "./backoff.js";
import type { RecordBuffer } from "./buffer.js";
import { type CredentialsTimes, waitForCredentials } from "./credentials.js";
import type { Diagnostics } from "./diagnostics.js";
import { nameOf, type RefusedRows } from "./refused_rows.js";
import { classifyFailure, deliverInParts, type Records } from "./retry.js";
import { spillRecords } from "./spill.js";
import type { Counters } from "./stats.js";

/** Invariant: at most one call is in progress, so records are stored in the order in which they were appended. */
export interface Sender {
  /** There is something to send or to log. It is done later, not while the caller waits. */
  wake(): void;
  /** Records that wait for a backoff are sent now, unless the service asked for the wait. */
  hurry(): void;
  /** Sends and settles nothing any more; the connection ends a call in progress. */
  abandon(): void;
}

export interface SenderParts {
  readonly options: Options;
  readonly buffer: RecordBuffer;
  readonly connection: Connection;
  readonly counters: Counters;
  readonly diagnostics: Diagnostics;
  readonly refused_rows: RefusedRows;
}

/** A service that asks for a longer wait is called again after this one. */
const RETRY_AFTER_MAX_MS = 300_000;
/** The part of the buffer that records take at most while no call is let in, when there is a spill file. */
const WAITING_PART_MAX = 3 / 4;

export function createSender(parts: SenderParts): Sender {
  const { options, buffer, connection, counters, diagnostics, refused_rows } = parts;
  let endPause: () => void = () => undefined;
  /** The last call's failure, when it was not let in, and when the next call is due. */
  let denied: { readonly failure: CallFailure; readonly times: CredentialsTimes } | undefined;
  let ends_when_full = false;
  /** Records lost because no call was let in, which is reported apart from a full buffer. */
  let lost_denied = 0;
  let running = false;
  let abandoned = false;

  async function run(): Promise<void> {
    while (!abandoned) {
      const records = buffer.take(options.batch_rows, options.batch_bytes);
      try {
        if (records.length > 0) await send(records);
      } catch (error) {
        // The others are still to be sent; these would meet the same again.
        diagnostics.once("internal", `records given up after an unexpected error: ${describeError(error)}`);
        counters.refused += records.length;
        buffer.settle(records.length);
      }
      writeDiagnostics();
      if (records.length === 0) {
        running = false;
        return;
      }
    }
  }

  /** Sends records until each is stored, refused or spilled. */
  async function send(records: Records): Promise<void> {
    for await (const [part, result] of deliverInParts(records, deliver)) {
      const action = result.ok ? undefined : classifyFailure(result, part.length);
      if (result.ok) count(result.value, part);
      else if (action === "give_up") giveUp(result, part);
      else {
        const { dropped } = counters;
        spillRecords(part, options.spill_file, counters, diagnostics, result);
        lost_denied += counters.dropped - dropped;
      }
      buffer.settle(part.length);
    }
  }

  /** Sends records until no retry changes the result; undefined when they are abandoned. */
  async function deliver(records: Records): Promise<CallResult<BatchAppendSessionsResponse> | undefined> {
    const waits = backoffs(options);
    for (let tries = 0; !abandoned; tries++) {
      if (denied !== undefined && !(await isDue(denied.times)) && isNearlyFull()) {
        return abandoned ? undefined : denied.failure;
      }
      if (abandoned) return undefined;
      if (tries > 0) counters.retried += records.length;
      const began_ms = performance.now();
      const result = await connection.appendBatch(records, options.call_timeout_ms);
      diagnostics.called(records.length, performance.now() - began_ms, result.ok ? "OK" : result.code_name);
      if (abandoned) return undefined;
      denied = undefined;
      if (result.ok) {
        diagnostics.recovered();
        return result;
      }
      const action = classifyFailure(result, records.length);
      const waits_for_token = action === "wait_for_credentials" && connection.renewable;
      if (action === "spill" || action === "wait_for_credentials") {
        // A service counts calls that it does not let in, and cuts who makes many.
        const retry_ms = waits_for_token ? options.credentials_retry_ms : options.max_backoff_ms;
        const now_ms = performance.now();
        const times = { retry_at_ms: now_ms + retry_ms, look_at_ms: now_ms + options.max_backoff_ms };
        denied = { failure: result, times };
      }
      if (action !== "retry" && !waits_for_token) return result;
      diagnostics.outage(result.code_name, result.message);
      writeDiagnostics();
      if (action === "retry") {
        await wait(waits.next().value, Math.min(result.retry_after_ms ?? 0, RETRY_AFTER_MAX_MS));
      }
    }
    return undefined;
  }

  /** Waits until a call may be let in; false when a flush, the end or a buffer that is nearly full ended the wait. */
  function isDue(times: CredentialsTimes): Promise<boolean> {
    return waitForCredentials({
      token: connection,
      times,
      poll_ms: options.max_backoff_ms,
      monotonic_ms: () => performance.now(),
      async pause(duration_ms) {
        if (abandoned || isNearlyFull()) return true;
        ends_when_full = true;
        const ended = await pause(duration_ms);
        ends_when_full = false;
        return ended;
      },
    });
  }

  /** Whether the oldest records go to the spill file rather than being dropped soon. */
  function isNearlyFull(): boolean {
    const { records, bytes } = buffer.size;
    const part = Math.max(records / options.buffer_rows, bytes / options.buffer_bytes);
    return options.spill_file !== "" && part > WAITING_PART_MAX;
  }

  /** A flush may cut the backoff short, but not what the service asks for. */
  async function wait(backoff_ms: number, retry_after_ms: number): Promise<void> {
    const began_ms = performance.now();
    await pause(Math.max(backoff_ms, retry_after_ms));
    for (;;) {
      const left_ms = retry_after_ms - (performance.now() - began_ms);
      if (left_ms <= 0 || abandoned) return;
      await pause(left_ms);
    }
  }

  /** Until `endPause` at most, and then resolves with true. It does not keep the process alive. */
  function pause(duration_ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, duration_ms, false).unref();
      endPause = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }

  function count(response: BatchAppendSessionsResponse, records: Records): void {
    const sent = records.length;
    let appended = 0;
    let duplicate = 0;
    let unanswered = 0;
    for (const [index, record] of records.entries()) {
      const outcome = response.results[index]?.outcome;
      if (outcome === undefined) unanswered++;
      else if (outcome.$case === "rejected") {
        refuse(record, outcome.value.violations, outcome.value.violation_count);
      } else if (outcome.value.duplicate) duplicate++;
      else appended++;
    }
    if (unanswered > 0) {
      const message = `the reply has no result for ${unanswered} of ${sent} records; they are counted as refused`;
      diagnostics.once("reply", message);
    }
    if (appended + duplicate > 0) diagnostics.stored();
    counters.appended += appended;
    counters.duplicate += duplicate;
    counters.refused += sent - appended - duplicate;
  }

  function giveUp({ violations, code_name, message }: CallFailure, records: Records): void {
    counters.refused += records.length;
    const own = [{ field: "record", reason: code_name, description: message }];
    const known = violations.length > 0 ? violations : own;
    for (const record of records) refuse(record, known, known.length);
  }

  function refuse(record: Uint8Array, violations: readonly Violation[], violation_count: number): void {
    diagnostics.refused(nameOf(record), violations, violation_count);
    refused_rows.add(record, violations, violation_count);
  }

  function writeDiagnostics(): void {
    // What is lost at the end is reported by the caller of `abandon`.
    if (abandoned) return;
    diagnostics.dropped(counters.dropped - lost_denied, performance.now());
    refused_rows.write();
    diagnostics.write();
  }

  return {
    wake() {
      if (ends_when_full && isNearlyFull()) endPause();
      if (running || abandoned) return;
      running = true;
      // After what the caller does now; what it appends until then goes with the same batch.
      setImmediate(run);
    },
    hurry: () => endPause(),
    abandon() {
      abandoned = true;
      endPause();
    },
  };
}
