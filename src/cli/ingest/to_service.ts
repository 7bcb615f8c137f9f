import { backoffs } from "@sessionlog/client/delivery/backoff";
import { waitForCredentials } from "@sessionlog/client/delivery/credentials";
import { classifyFailure, deliverInParts, type Records } from "@sessionlog/client/delivery/retry";
import type { ApiClient, CallFailure } from "@sessionlog/client/rpc/api_client";
import type { TokenSource } from "@sessionlog/client/rpc/token";
import type { ShownViolation } from "./line_record.js";

/** What became of one record. */
export type SentRecord =
  | { readonly kind: "appended" | "duplicate" }
  | { readonly kind: "refused"; readonly violations: readonly ShownViolation[]; readonly omitted: number };

/** One result for each record, in order; or why the service did not take them, in one line. */
export type SendOutcome =
  | { readonly ok: true; readonly results: readonly SentRecord[] }
  | { readonly ok: false; readonly message: string };

export interface SenderOptions {
  readonly client: Pick<ApiClient, "appendBatch">;
  /** For one call. */
  readonly deadline_ms: number;
  /** For the calls of a batch, or of a part of it, without progress. */
  readonly timeout_ms: number;
  readonly monotonic_ms: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** After its abort no call is made again. */
  readonly stop?: AbortSignal;
  /** A token that may be renewed, where rows are to wait for that; else UNAUTHENTICATED ends the work. */
  readonly token?: Pick<TokenSource, "renewed">;
  /** Called before each retry. */
  readonly onRetry?: (failure: CallFailure) => void;
}

/** One process has nobody to spread its calls from. */
const BACKOFF = { min_backoff_ms: 100, max_backoff_ms: 5_000, random: () => 1 };
/** A token that the service did not take is tried again after this long, another one after the poll. */
const CREDENTIALS_RETRY_MS = 60_000;
const CREDENTIALS_POLL_MS = 1_000;

/**
 * Makes a function that sends records as the client does: again while that may help, in halves where one record may be
 * the reason of a failure. A record that is refused alone is a refused row; any other failure ends the batch. What was
 * stored until then is answered as a duplicate when it is sent again.
 */
export function createSender(options: SenderOptions): (records: Records) => Promise<SendOutcome> {
  const { client, deadline_ms, timeout_ms, monotonic_ms, sleep, stop, token, onRetry } = options;

  /** Calls until no retry changes the result, or the timeout has passed. */
  async function deliver(records: Records): ReturnType<ApiClient["appendBatch"]> {
    const end = monotonic_ms() + timeout_ms;
    const waits = backoffs(BACKOFF);
    for (;;) {
      const left_ms = Math.max(1, end - monotonic_ms());
      const reply = await client.appendBatch(records, { deadline_ms: Math.min(deadline_ms, left_ms) });
      const action = reply.ok ? undefined : classifyFailure(reply, records.length);
      const denied = action === "wait_for_credentials" && token !== undefined;
      if (reply.ok || (action !== "retry" && !denied)) return reply;
      const wait_ms = denied ? CREDENTIALS_POLL_MS : Math.max(waits.next().value, reply.retry_after_ms ?? 0);
      if (stop?.aborted === true || monotonic_ms() + wait_ms >= end) return reply;
      onRetry?.(reply);
      if (!denied) await pause(wait_ms);
      else {
        const now_ms = monotonic_ms();
        const times = { retry_at_ms: Math.min(end, now_ms + CREDENTIALS_RETRY_MS), look_at_ms: now_ms };
        await waitForCredentials({ token, times, poll_ms: CREDENTIALS_POLL_MS, monotonic_ms, pause });
      }
    }
  }

  async function pause(duration_ms: number): Promise<boolean> {
    await sleep(duration_ms);
    return stop?.aborted === true;
  }

  return async (records) => {
    const results: SentRecord[] = [];
    for await (const [part, reply] of deliverInParts(records, deliver)) {
      const outcome = reply.ok
        ? readResults(reply.value.results, part.length)
        : failureOf(reply, part.length, timeout_ms);
      if (!outcome.ok) return outcome;
      results.push(...outcome.results);
    }
    return { ok: true, results };
  };
}

/** What a failure means for the records of its call: the refusal of a single row, or the end of the work. */
function failureOf(failure: CallFailure, records: number, timeout_ms: number): SendOutcome {
  const { code_name, message } = failure;
  const action = classifyFailure(failure, records);
  if (
    action === "give_up" &&
    records === 1 &&
    (code_name === "INVALID_ARGUMENT" || code_name === "RESOURCE_EXHAUSTED")
  ) {
    const reason = code_name === "RESOURCE_EXHAUSTED" ? "TOO_LONG" : code_name;
    const own = [{ field: "record", reason, description: message }];
    const violations = failure.violations.length > 0 ? failure.violations : own;
    return { ok: true, results: [{ kind: "refused", violations, omitted: 0 }] };
  }
  const text = `${code_name}: ${message}`;
  return {
    ok: false,
    message: action === "retry" ? `no progress for ${Math.round(timeout_ms / 1000)} s: ${text}` : text,
  };
}

type Results = Extract<Awaited<ReturnType<ApiClient["appendBatch"]>>, { ok: true }>["value"]["results"];

function readResults(results: Results, expected: number): SendOutcome {
  if (results.length !== expected) {
    return { ok: false, message: `the service answered with ${results.length} results for ${expected} rows` };
  }
  const sent: SentRecord[] = [];
  for (const { outcome } of results) {
    if (outcome === undefined) return { ok: false, message: "the service answered with an empty result" };
    if (outcome.$case === "appended") sent.push({ kind: outcome.value.duplicate ? "duplicate" : "appended" });
    else {
      const { violations, violation_count } = outcome.value;
      sent.push({ kind: "refused", violations, omitted: Math.max(0, violation_count - violations.length) });
    }
  }
  return { ok: true, results: sent };
}
