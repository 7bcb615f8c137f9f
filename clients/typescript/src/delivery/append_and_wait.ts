/** The call that waits for its answer. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Timestamp } from "@sessionlog/protocol/gen/google/protobuf/timestamp";
import type { Violation } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import type { Options } from "../options.js";
import type { Connection } from "../rpc/connection.js";
import type { CallFailure } from "../rpc/failure.js";
import { backoffs } from "./backoff.js";
import { classifyFailure } from "./retry.js";

/** What the service stored. */
export interface Appended {
  readonly ok: true;
  readonly session_id: string;
  readonly timestamp: Timestamp | undefined;
  /** The row's number in its journal, from 1; 0 when nothing was written. */
  readonly sequence: number;
  /** The row was stored by an earlier call, and was not written again. */
  readonly duplicate: boolean;
}

/** The session log does not accept the record; sending it again does not change that. */
export interface Refused {
  readonly ok: false;
  readonly kind: "refused";
  readonly violations: readonly Violation[];
  readonly message: string;
}

/** The record may or may not be stored. Appending the same record again is safe when it has its own session_id and
 * timestamp. */
export interface Failed {
  readonly ok: false;
  readonly kind: "failed";
  /** The status, for example UNAVAILABLE; CLOSED when the logger is closed. */
  readonly code: string;
  readonly message: string;
  /** What RetryInfo asked for; undefined when there was none. */
  readonly retry_after_ms: number | undefined;
}

export type AppendOutcome = Appended | Refused | Failed;

/** The answer of a logger that is closed. */
export const CLOSED: Failed = {
  ok: false,
  kind: "failed",
  code: "CLOSED",
  message: "the logger is closed",
  retry_after_ms: undefined,
};

/** Sends a record until no retry changes the result, or the deadline has passed. Calls `onRetry` before each retry. */
export async function appendAndWait(
  connection: Connection,
  options: Options,
  record: Uint8Array,
  call: { readonly validate_only: boolean; readonly deadline_ms: number; onRetry(): void },
): Promise<AppendOutcome> {
  const end_ms = performance.now() + call.deadline_ms;
  const waits = backoffs(options);
  for (;;) {
    const left_ms = Math.max(1, end_ms - performance.now());
    const result = await connection.append(record, call.validate_only, Math.min(options.call_timeout_ms, left_ms));
    if (result.ok) return { ok: true, ...result.value };
    const wait_ms = Math.max(waits.next().value, result.retry_after_ms ?? 0);
    // For a caller that waits, missing credentials are a failure at once.
    if (classifyFailure(result, 1) !== "retry" || performance.now() + wait_ms >= end_ms) return failureOf(result);
    await sleep(wait_ms);
    call.onRetry();
  }
}

function failureOf({ code_name, message, violations, retry_after_ms }: CallFailure): Refused | Failed {
  if (violations.length > 0) return { ok: false, kind: "refused", violations, message };
  return { ok: false, kind: "failed", code: code_name, message, retry_after_ms };
}
