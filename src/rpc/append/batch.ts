import { setImmediate } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { BATCH_RECORDS_MAX } from "@sessionlog/protocol/gen/limits";
import type {
  AppendResult,
  AppendSessionResponse,
  BatchAppendSessionsResponse,
} from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import type { AcceptedRecord, Stamps, Violation } from "../../record/index.js";
import { LOGGED_VIOLATIONS_MAX } from "../call_log.js";
import { appendFailureStatus } from "../errors.js";
import type { CheckRecord } from "../observer.js";
import { refuseForeign } from "../security/daemons.js";
import type { CallState, UnaryHandler } from "../unary.js";
import { listViolations } from "../violations.js";
import { type HandlerParts, refuse, reportAppended } from "./append.js";
import { createFairTurns } from "./fair_turns.js";
import type { BatchRequest, BrokenRequest, SentRecord } from "./requests.js";

/** Violations in one result, and in all results of a response. 10,000 results with them stay below 3 MiB, within the
 * 4 MiB that clients accept by default. */
const RESULT_VIOLATION_BYTES_MAX = 4 * 1024;
const RESPONSE_VIOLATION_BYTES_MAX = 1024 * 1024;

/** How much is checked in one go, some milliseconds' worth, before other calls get their turn. */
const TURN_RECORDS_MAX = 256;
const TURN_BYTES_MAX = 256 * 1024;

/** BatchAppendSessions: good records are stored, in one go and all or none, although others are refused. */
export function createBatchHandler(
  parts: HandlerParts,
): UnaryHandler<BatchRequest | BrokenRequest, BatchAppendSessionsResponse> {
  const { checkRecord, journal, daemonFor, now, newSessionId, observer } = parts;
  // Side by side, large batches would all be late, and all their rows in memory at once.
  const inTurn = createFairTurns();

  return async (request, { caller, call }) => {
    if (!request.ok) return refuse("records", request.description, "INVALID_ENCODING");
    const { records } = request;
    if (records.length === 0) return refuse("records", "at least one record is required", "REQUIRED");
    if (records.length > BATCH_RECORDS_MAX) {
      return refuse("records", `at most ${BATCH_RECORDS_MAX} records in one call`, "TOO_LONG");
    }

    const stamps: Stamps = { session_id: newSessionId, daemon: daemonFor(caller), timestamp: now };
    const checkOwn: CheckRecord = (sent, given) => refuseForeign(caller, checkRecord(sent, given), observer);
    const check = () => checkRecords(records, checkOwn, stamps, call);
    const large = records.length > TURN_RECORDS_MAX || request.bytes > TURN_BYTES_MAX;
    const checked = await (large ? inTurn(call.getPeer(), check) : check());
    if (checked === undefined) return { ok: false, status: { code: status.CANCELLED, details: "the client is gone" } };
    const { results, accepted, violations } = checked;
    if (accepted.length > 0) {
      const outcome = await journal.append(accepted.map(({ record }) => record.row));
      if (outcome.kind !== "appended") return { ok: false, status: appendFailureStatus(outcome) };
      for (const [index, { record, response }] of accepted.entries()) {
        const appended = outcome.rows[index];
        if (appended === undefined) throw new Error("the journal stored rows and did not return them all");
        response.sequence = appended.sequence;
        response.duplicate = appended.duplicate;
        reportAppended(parts, record, appended, caller);
      }
    }
    return { ok: true, value: { results }, ...(violations.length > 0 && { violations }) };
  };
}

interface Checked {
  /** One for each record, in request order. */
  readonly results: AppendResult[];
  /** What is to be stored, with those of the results that wait for a sequence, in request order. */
  readonly accepted: { readonly record: AcceptedRecord; readonly response: AppendSessionResponse }[];
  /** Those of the records that are refused, as far as they are logged. */
  readonly violations: Violation[];
}

/** Checks all records, letting other work in between. Undefined when nobody waits for the answer any longer. */
async function checkRecords(
  records: readonly SentRecord[],
  checkRecord: CheckRecord,
  stamps: Stamps,
  call: CallState,
): Promise<Checked | undefined> {
  const results: AppendResult[] = [];
  const accepted: Checked["accepted"] = [];
  const violations: Violation[] = [];
  let violation_bytes_left = RESPONSE_VIOLATION_BYTES_MAX;
  let turn_records = 0;
  let turn_bytes = 0;
  if (call.cancelled) return undefined;

  for (const sent of records) {
    if (turn_records === TURN_RECORDS_MAX || turn_bytes > TURN_BYTES_MAX) {
      await setImmediate();
      if (call.cancelled) return undefined;
      turn_records = 0;
      turn_bytes = 0;
    }
    turn_records += 1;
    turn_bytes += sent instanceof Uint8Array ? sent.length : 0;

    const record = checkRecord(sent, stamps);
    if (record.ok) {
      const response = { session_id: record.session_id, timestamp: record.timestamp, sequence: 0, duplicate: false };
      results.push({ outcome: { $case: "appended", value: response } });
      accepted.push({ record, response });
    } else {
      const listed = listViolations(record.violations, Math.min(RESULT_VIOLATION_BYTES_MAX, violation_bytes_left));
      violation_bytes_left -= listed.bytes;
      results.push(rejected(listed.violations, record.violations.length));
      violations.push(...record.violations.slice(0, LOGGED_VIOLATIONS_MAX - violations.length));
    }
  }
  return { results, accepted, violations };
}

function rejected(violations: readonly Violation[], violation_count: number): AppendResult {
  return { outcome: { $case: "rejected", value: { violations: [...violations], violation_count } } };
}
