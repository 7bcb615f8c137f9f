import type { CallFailure, RawClient } from "@sessionlog/client/rpc/api_client";
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
  readonly client: Pick<RawClient, "appendBatch">;
  /** For one call. */
  readonly deadline_ms: number;
  /** For one batch with all its retries. */
  readonly timeout_ms: number;
  readonly monotonic_ms: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

const firstPause_ms = 100;
const longestPause_ms = 5000;

/**
 * Makes a function that sends records in one call, and again while the service says that this may help: UNAVAILABLE, and
 * RESOURCE_EXHAUSTED with RetryInfo (a full queue or disk), the rule of OTLP's clients
 * (https://opentelemetry.io/docs/specs/otlp/#failures-1). Records that are too many bytes for one call are sent in halves; one that
 * is too large alone is refused.
 */
export function createSender(options: SenderOptions): (records: readonly Uint8Array[]) => Promise<SendOutcome> {
  const { client, deadline_ms, timeout_ms, monotonic_ms, sleep } = options;

  async function send(records: readonly Uint8Array[]): Promise<SendOutcome> {
    const end = monotonic_ms() + timeout_ms;
    for (let pause_ms = firstPause_ms; ; pause_ms = Math.min(2 * pause_ms, longestPause_ms)) {
      const left_ms = Math.max(1, end - monotonic_ms());
      const reply = await client.appendBatch(records, Math.min(deadline_ms, left_ms));
      if (reply.ok) return readResults(reply.value.results, records.length);
      if (isTooLarge(reply)) return sendHalves(records, reply);
      const text = `${reply.code_name}: ${reply.message}`;
      if (!isWorthARetry(reply)) return { ok: false, message: text };
      const wait_ms = Math.max(pause_ms, reply.retry_after_ms ?? 0);
      if (monotonic_ms() + wait_ms >= end) {
        return { ok: false, message: `no progress for ${Math.round(timeout_ms / 1000)} s: ${text}` };
      }
      await sleep(wait_ms);
    }
  }

  async function sendHalves(records: readonly Uint8Array[], failure: CallFailure): Promise<SendOutcome> {
    if (records.length <= 1) {
      const violation = { field: "record", reason: "TOO_LONG", description: failure.message };
      return { ok: true, results: [{ kind: "refused", violations: [violation], omitted: 0 }] };
    }
    const middle = Math.ceil(records.length / 2);
    const first = await send(records.slice(0, middle));
    if (!first.ok) return first;
    const second = await send(records.slice(middle));
    // What the first half stored is stored; sent again, it is answered as a duplicate.
    return second.ok ? { ok: true, results: [...first.results, ...second.results] } : second;
  }

  return send;
}

function isWorthARetry({ code_name, retry_after_ms }: CallFailure): boolean {
  return code_name === "UNAVAILABLE" || (code_name === "RESOURCE_EXHAUSTED" && retry_after_ms !== undefined);
}

/** More bytes than a message (RESOURCE_EXHAUSTED as gRPC libraries say it) or a write of the journal may have. */
function isTooLarge({ code_name, retry_after_ms, violations }: CallFailure): boolean {
  if (code_name === "RESOURCE_EXHAUSTED") return retry_after_ms === undefined;
  return violations.some(({ field, reason }) => field === "records" && reason === "TOO_LONG");
}

type Results = Extract<Awaited<ReturnType<RawClient["appendBatch"]>>, { ok: true }>["value"]["results"];

function readResults(results: Results, expected: number): SendOutcome {
  if (results.length !== expected) {
    return { ok: false, message: `the service answered with ${results.length} results for ${expected} rows` };
  }
  const sent: SentRecord[] = [];
  for (const { outcome } of results) {
    if (outcome === undefined) return { ok: false, message: "the service answered with a result that says nothing" };
    if (outcome.$case === "appended") sent.push({ kind: outcome.value.duplicate ? "duplicate" : "appended" });
    else {
      const { violations, violation_count } = outcome.value;
      sent.push({ kind: "refused", violations, omitted: Math.max(0, violation_count - violations.length) });
    }
  }
  return { ok: true, results: sent };
}
