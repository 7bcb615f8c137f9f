import { SessionRecord } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { recordJsonToBytes } from "@sessionlog/protocol/record_from_json";
import { expect, test } from "vitest";
import { type IterateRequest, rosterCheckFor } from "../src/index.js";
import { buildSessionRecord, type IterateOutcome } from "../src/record/build_record.js";
import { NO_SPAN } from "../src/record/current_span.js";
import { encodeRecord } from "../src/record/encode_record.js";
import type { SessionRecordInput } from "../src/record/record.js";
import { runSession, type Session, type SessionRequest, startSession } from "../src/session.js";
import { type ErrorCase, errorOf, readCases } from "./cases.js";

interface SessionCase {
  readonly name: string;
  readonly request: IterateRequest;
  readonly roster?: readonly string[];
  readonly calls: readonly {
    readonly no_json?: ErrorCase;
    readonly validation_failed?: ErrorCase;
    readonly accept?: Readonly<Record<string, unknown>>;
    readonly fail?: ErrorCase;
  }[];
  readonly end?: { readonly error: ErrorCase };
  readonly row: object;
}

/** What is compared of a record: all but what differs each time. */
function comparable(bytes: Uint8Array): object {
  const { session_id, timestamp, daemon, schema, duration_ms, artifact, attempts, ...rest } =
    SessionRecord.decode(bytes);
  return { ...rest, artifact, attempts: attempts.map(({ span_id, ...attempt }) => attempt) };
}

function encoded(record: SessionRecordInput): object {
  const result = encodeRecord(record, { daemon: "d", now_ms: () => 0, trace_id: () => "" }, 1_000_000);
  if (!result.ok) throw new Error(JSON.stringify(result.violations));
  return comparable(result.bytes);
}

function expectedOf(row: object): object {
  const result = recordJsonToBytes(JSON.stringify(row));
  if (!result.ok) throw new Error(JSON.stringify(result.violations));
  return comparable(result.bytes);
}

const cases = readCases<SessionCase>("sessions.jsonl");

function requestOf({ request, roster }: SessionCase): SessionRequest {
  return roster === undefined
    ? request
    : { ...request, rosterCheck: rosterCheckFor(request.kind, (id) => roster.includes(id)) };
}

function call(session: Session, { no_json, validation_failed, accept, fail }: SessionCase["calls"][number]): void {
  if (no_json !== undefined) session.noJson(errorOf(no_json));
  if (validation_failed !== undefined) session.validationFailed(errorOf(validation_failed));
  if (accept !== undefined) expect(session.accept(accept)).toBe(accept);
  if (fail !== undefined) session.fail(errorOf(fail));
}

test.each(cases)("case: $name", async (given) => {
  const records: SessionRecordInput[] = [];
  const session = startSession(requestOf(given), {
    append: (record) => void records.push(record),
    warn: () => undefined,
    monotonic_ms: () => 0,
    currentSpan: () => NO_SPAN,
  });
  const error = given.end && errorOf(given.end.error);
  const run = runSession(session, async (session) => {
    for (const one of given.calls) call(session, one);
    if (error !== undefined) throw error;
    return "result";
  });
  if (error === undefined) expect(await run).toBe("result");
  // What is thrown stays the same object.
  else expect(await run.catch((thrown: unknown) => thrown)).toBe(error);
  session.end("late");
  expect(records).toHaveLength(1);
  expect(records.map(encoded)).toEqual([expectedOf(given.row)]);
});

/** The same session as a daemon has it that keeps its own history. */
function outcomeOf({ calls, end }: SessionCase): IterateOutcome {
  const kinds = [
    ["no_json", "no_json"],
    ["validation_failed", "validation_failed"],
    ["accept", "accepted"],
    ["fail", "infra_error"],
  ] as const;
  const last = calls.findIndex(({ accept }) => accept !== undefined);
  const counted = last === -1 ? calls : calls.slice(0, last + 1);
  const history = counted.flatMap((one, iteration) =>
    kinds.flatMap(([name, verdict_kind]) => {
      const value = one[name];
      if (value === undefined) return [];
      const text = typeof value === "string" || Array.isArray(value) ? [value].flat().join(": ") : "";
      return [{ iteration, verdict_kind, error: [...text].slice(0, 800).join("") }];
    }),
  );
  const iterations = history.filter(({ verdict_kind }) => verdict_kind !== "infra_error").length;
  const artifact = counted[last]?.accept;
  if (artifact !== undefined) return { response: { artifact, iterations, history } };
  const failed = counted.at(-1)?.fail;
  if (failed !== undefined) return { history: history.slice(0, -1), error: errorOf(failed) };
  return end === undefined ? { failure: { iterations, history } } : { history, error: errorOf(end.error) };
}

test.each(cases)("case, by buildSessionRecord: $name", (given) => {
  const { rosterCheck, ...request } = requestOf(given);
  expect(encoded(buildSessionRecord(request, outcomeOf(given), { rosterCheck }))).toEqual(expectedOf(given.row));
});
