import { sessionSchema } from "@sessionlog/protocol/gen/session_schema";
import { TailSessionsRequest } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import type { Violation } from "../../record/index.js";

/** What a tail is to send, or what is wrong with the request. */
export type TailRequest =
  | { readonly ok: true; readonly request: Readonly<TailSessionsRequest> }
  | { readonly ok: false; readonly violations: readonly Violation[] };

const LAST_MAX = 1_000_000;
const VALUES_MAX = 100;
const VERDICTS: readonly string[] = sessionSchema.properties.final_verdict.enum;

/** Reads and checks a TailSessionsRequest. */
export function readTailRequest(bytes: Uint8Array): TailRequest {
  const request = decode(bytes);
  if (request === undefined) {
    const description = "expected a TailSessionsRequest, with from_sequence below 2^53";
    return { ok: false, violations: [{ field: "request", reason: "INVALID_ENCODING", description }] };
  }
  const violations = [...checkStart(request), ...checkFilters(request)];
  return violations.length > 0 ? { ok: false, violations } : { ok: true, request };
}

function decode(bytes: Uint8Array): TailSessionsRequest | undefined {
  try {
    return TailSessionsRequest.decode(bytes);
  } catch {
    return undefined;
  }
}

function* checkStart({ last, from_sequence, follow }: TailSessionsRequest): Generator<Violation> {
  if (last === 0 && from_sequence === 0 && !follow) {
    yield { field: "last", reason: "REQUIRED", description: "one of last, from_sequence and follow is required" };
  }
  if (last > 0 && from_sequence > 0) {
    yield { field: "last", reason: "INCONSISTENT", description: "expected last or from_sequence, not both" };
  }
  if (last > LAST_MAX) {
    const description = `expected at most ${LAST_MAX}; from_sequence sends more`;
    yield { field: "last", reason: "OUT_OF_RANGE", description };
  }
}

function* checkFilters({ kinds, daemons, models, verdicts }: TailSessionsRequest): Generator<Violation> {
  for (const [field, values] of Object.entries({ kinds, daemons, models, verdicts })) {
    if (values.length > VALUES_MAX) {
      yield { field, reason: "TOO_LONG", description: `expected at most ${VALUES_MAX}` };
    }
  }
  for (const [index, verdict] of verdicts.slice(0, VALUES_MAX).entries()) {
    if (VERDICTS.includes(verdict)) continue;
    const description = `expected one of ${VERDICTS.join(", ")}`;
    yield { field: `verdicts[${index}]`, reason: "NOT_ALLOWED", description };
  }
}
