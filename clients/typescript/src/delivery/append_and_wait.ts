/** The call that waits for its answer. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Timestamp } from "@sessionlog/protocol/gen/google/protobuf/timestamp";
import type { Violation } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { backoffs, type Options } from "../options.js";
import type { Connection } from "../rpc/connection.js";
import type { CallFailure } from "../rpc/failure.js";
import { remedyFor } from "./retry.js";

/** What the service stored. */
export interface Appended {
  readonly ok: true;
  readonly session_id: string;
  readonly timestamp: Timestamp | undefined;
  /** The row's number in its journal, from 1; 0 when nothing was written. */
  readonly sequence: number;
  /** The row was stored before, and was not written again. */
  readonly duplicate: boolean;
}

/** The record is not one that the session log takes; to send it again is of no use. */
export interface Refused {
  readonly ok: false;
  readonly kind: "refused";
  readonly violations: readonly Violation[];
  readonly message: string;
}

/** It is not known that the record is stored. To append the same record again is safe when it has its own session_id and
 * timestamp. */
export interface Failed {
  readonly ok: false;
  readonly kind: "failed";
  /** The status, for example UNAVAILABLE; CLOSED when the logger is closed. */
  readonly code: string;
  readonly message: string;
  /** When the service wants to be asked again, if it said so. */
  readonly retry_after_ms: number | undefined;
}

export type AppendOutcome = Appended | Refused | Failed;

/** Sends a row until the answer is one that a retry does not change, or the time is over. `onRetry` is told of each time
 * that it is sent again. */
export async function appendAnswered(
  connection: Connection,
  options: Options,
  row: Uint8Array,
  call: { readonly validate_only: boolean; readonly deadline_ms: number; onRetry(): void },
): Promise<AppendOutcome> {
  const end_ms = performance.now() + call.deadline_ms;
  const waits = backoffs(options);
  for (;;) {
    const left_ms = Math.max(1, end_ms - performance.now());
    const reply = await connection.append(row, call.validate_only, Math.min(options.call_timeout_ms, left_ms));
    if (reply.ok) return { ok: true, ...reply.value };
    const wait_ms = Math.max(waits.next().value, reply.retry_after_ms ?? 0);
    if (remedyFor(reply) !== "retry" || performance.now() + wait_ms >= end_ms) return failureOf(reply);
    await sleep(wait_ms);
    call.onRetry();
  }
}

function failureOf({ code_name, message, violations, retry_after_ms }: CallFailure): Refused | Failed {
  if (violations.length > 0) return { ok: false, kind: "refused", violations, message };
  return { ok: false, kind: "failed", code: code_name, message, retry_after_ms };
}
