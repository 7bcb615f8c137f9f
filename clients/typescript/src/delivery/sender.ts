/** Sends rows in the background, in batches, until they are stored or refused. */
import type { BatchAppendSessionsResponse } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { describeError } from "../errors.js";
import { backoffs, type Options } from "../options.js";
import type { CallResult } from "../rpc/api_client.js";
import type { Connection } from "../rpc/connection.js";
import type { CallFailure } from "../rpc/failure.js";
import type { RowBuffer } from "./buffer.js";
import type { Notices } from "./diagnostics.js";
import { createPause } from "./pause.js";
import { remedyFor } from "./retry.js";
import type { Counters } from "./stats.js";

/** Invariant: one call is under way at most, so rows are stored in the order in which they were appended. */
export interface Sender {
  /** There is something to send or to tell. It is done later, not while the caller waits. */
  kick(): void;
  /** Rows that wait for a back-off are sent now, unless the service asked for the wait. */
  hurry(): void;
  /** Sends and settles nothing any more; a call under way is for the connection to end. */
  abandon(): void;
}

export interface SenderParts {
  readonly options: Options;
  readonly buffer: RowBuffer;
  readonly connection: Connection;
  readonly counters: Counters;
  readonly notices: Notices;
}

/** A service that asks for a longer wait is asked again after this one. */
const RETRY_AFTER_MAX_MS = 300_000;

type Rows = readonly Uint8Array[];

export function createSender({ options, buffer, connection, counters, notices }: SenderParts): Sender {
  const pause = createPause();
  let running = false;
  let abandoned = false;

  async function run(): Promise<void> {
    while (!abandoned) {
      const rows = buffer.take(options.batch_rows, options.batch_bytes);
      try {
        if (rows.length > 0) await send(rows);
      } catch (error) {
        // The others are still to be sent; these would meet the same again.
        notices.once("internal", `rows are given up after an unexpected error: ${describeError(error)}`);
        counters.refused += rows.length;
        buffer.settle(rows.length);
      }
      tell();
      if (rows.length === 0) {
        running = false;
        return;
      }
    }
  }

  /** Sends rows until each is stored or refused, in parts where the service says that they are too large. */
  async function send(rows: Rows): Promise<void> {
    const parts: Rows[] = [rows];
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      const outcome = await deliver(part);
      if (outcome === undefined) return;
      if (!outcome.ok && remedyFor(outcome) === "split" && part.length > 1) {
        const middle = Math.floor(part.length / 2);
        parts.push(part.slice(middle), part.slice(0, middle));
        continue;
      }
      if (outcome.ok) count(outcome.value, part.length);
      else giveUp(outcome, part.length);
      buffer.settle(part.length);
    }
  }

  /** Sends rows until the answer is one that a retry does not change; undefined when they are abandoned. */
  async function deliver(rows: Rows): Promise<CallResult<BatchAppendSessionsResponse> | undefined> {
    const waits = backoffs(options);
    while (!abandoned) {
      const outcome = await connection.appendBatch(rows, options.call_timeout_ms);
      if (abandoned) return undefined;
      if (outcome.ok) notices.recovered();
      if (outcome.ok || remedyFor(outcome) !== "retry") return outcome;
      notices.outage(outcome.code_name, outcome.message);
      tell();
      await wait(waits.next().value, Math.min(outcome.retry_after_ms ?? 0, RETRY_AFTER_MAX_MS));
      if (abandoned) return undefined;
      counters.retried += rows.length;
    }
    return undefined;
  }

  /** The back-off may be cut short by a flush; what the service asks for may not. */
  async function wait(backoff_ms: number, retry_after_ms: number): Promise<void> {
    const began_ms = performance.now();
    await pause.wait(Math.max(backoff_ms, retry_after_ms));
    for (;;) {
      const left_ms = retry_after_ms - (performance.now() - began_ms);
      if (left_ms <= 0 || abandoned) return;
      await pause.wait(left_ms);
    }
  }

  function count(response: BatchAppendSessionsResponse, sent: number): void {
    let appended = 0;
    let duplicate = 0;
    let unanswered = 0;
    for (let index = 0; index < sent; index++) {
      const outcome = response.results[index]?.outcome;
      if (outcome === undefined) unanswered++;
      else if (outcome.$case === "rejected") notices.refused(outcome.value.violations, outcome.value.violation_count);
      else if (outcome.value.duplicate) duplicate++;
      else appended++;
    }
    if (unanswered > 0) {
      notices.once(
        "reply",
        `the reply says nothing of ${unanswered} of ${sent} rows; such rows are counted as refused`,
      );
    }
    counters.appended += appended;
    counters.duplicate += duplicate;
    counters.refused += sent - appended - duplicate;
  }

  function giveUp(failure: CallFailure, rows: number): void {
    counters.refused += rows;
    const { violations, code_name, message } = failure;
    if (violations.length > 0) notices.refused(violations, violations.length);
    else notices.once(code_name, `rows are refused: ${code_name}: ${message}; further ones are counted, not told`);
  }

  function tell(): void {
    // What is lost at the end is told by who abandons the rows.
    if (abandoned) return;
    notices.dropped(counters.dropped, performance.now());
    notices.tell();
  }

  return {
    kick() {
      if (running || abandoned) return;
      running = true;
      // Behind what the caller does now; what it appends until then goes with the same batch.
      setImmediate(run);
    },
    hurry: () => pause.wake(),
    abandon() {
      abandoned = true;
      pause.wake();
    },
  };
}
