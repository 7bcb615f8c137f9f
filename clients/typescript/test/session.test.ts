import { SessionRecord } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { recordJsonToBytes } from "@sessionlog/protocol/record_from_json";
import { describe, expect, test } from "vitest";
import { type IterateRequest, rosterCheckFor } from "../src/index.js";
import { buildSessionRecord, type IterateOutcome } from "../src/record/build_record.js";
import { encodeRecord } from "../src/record/encode_record.js";
import type { SessionRecordInput } from "../src/record/record.js";
import { runSession, type Session, type SessionRequest, startSession, startUnrecordedSession } from "../src/session.js";
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

function setUp(request: SessionRequest = { kind: "fill", max_iterations: 3 }) {
  const records: SessionRecordInput[] = [];
  const warnings: string[] = [];
  let now_ms = 1_000;
  let span = { trace_id: "", span_id: "" };
  const session = startSession(request, {
    append: (record) => void records.push(record),
    warn: (message) => void warnings.push(message),
    monotonic_ms: () => now_ms,
    currentSpan: () => span,
  });
  return {
    session,
    records,
    warnings,
    pass(ms: number) {
      now_ms += ms;
    },
    enter(trace_id: string, span_id: string) {
      span = { trace_id, span_id };
    },
  };
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
  const { session, records } = setUp(requestOf(given));
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

describe("startSession", () => {
  test("has the given trace id, else a random one, and the duration", () => {
    const { session, records, pass } = setUp({ kind: "fill", trace_id: "given" });
    pass(42);
    session.end();
    expect([session.session_id, records[0]?.session_id, records[0]?.duration_ms]).toEqual(["given", "given", 42]);
    const other = setUp();
    other.session.end();
    expect(other.session.session_id).toMatch(/^[0-9a-f]{32}$/);
    expect(other.records[0]?.session_id).toBe(other.session.session_id);
  });

  test("has the active span's id in each attempt", () => {
    const { session, records, enter } = setUp();
    enter("t1", "s1");
    session.noJson("a");
    enter("t1", "s2");
    session.accept({});
    session.end();
    expect(records[0]?.attempts?.map(({ span_id }) => span_id)).toEqual(["s1", "s2"]);
  });

  test("reports an artifact that is accepted after another one", () => {
    const { session, warnings } = setUp();
    session.accept({ n: 1 });
    session.accept({ n: 2 });
    session.end();
    session.accept({ n: 3 });
    expect(warnings).toEqual(["accept was called twice in a session; the first artifact counts"]);
  });

  test("counts attempts to max_iterations, until it is accepted or ended", () => {
    const used_up = [];
    for (const attempt of setUp().session.attempts()) used_up.push(attempt);
    expect(used_up).toEqual([0, 1, 2]);
    const { session } = setUp();
    const numbers = [];
    for (const attempt of session.attempts()) {
      numbers.push(attempt);
      if (attempt === 1) session.accept({});
    }
    expect(numbers).toEqual([0, 1]);
    expect([...setUp({ kind: "fill" }).session.attempts()]).toHaveLength(1_000);
    const ended = setUp().session;
    ended.end();
    expect([...ended.attempts()]).toEqual([]);
  });

  test("keeps the first 999 attempts of a loop that never ends, and the last one", () => {
    const { session, records } = setUp({ kind: "fill" });
    for (let attempt = 0; attempt < 5_000; attempt++) session.noJson(`${attempt}`);
    session.accept({});
    session.end();
    const [record] = records;
    expect(record).toMatchObject({ iterations: 1_000, final_verdict: "accepted" });
    expect(record?.attempts).toHaveLength(1_000);
    expect(record?.attempts?.[998]).toMatchObject({ iteration: 998, error: "998" });
    expect(record?.attempts?.at(-1)).toMatchObject({ iteration: 5_000, verdict_kind: "accepted" });
  });

  test("throws nothing for getters and errors that do, and reports what is left out", () => {
    const broken = () => {
      throw new Error("broken");
    };
    const thrower = new Proxy({ kind: "fill" }, { get: broken, has: broken, getPrototypeOf: broken });
    const { session, records, warnings } = setUp(thrower);
    session.noJson(thrower);
    session.validationFailed(Object.defineProperty(new Error("x"), "cause", { get: broken }));
    session.fail(Object.defineProperty(new Error("x"), "message", { get: broken }));
    session.end(thrower);
    expect(records[0]).toMatchObject({ kind: "", final_verdict: "infra_error", iterations: 2 });
    expect(records[0]?.attempts?.map(({ error }) => error)).toEqual([
      "an error without a message",
      "x",
      "an error without a message",
    ]);
    expect(warnings[0]).toBe("max_iterations cannot be read and is left out: Error: broken");
    expect(() =>
      Reflect.apply(startSession, undefined, [
        undefined,
        { append() {}, warn() {}, monotonic_ms() {}, currentSpan: () => ({}) },
      ]),
    ).not.toThrow();
  });

  test("by using: is accepted, exhausted, or left before its end", () => {
    const verdict = (work: (session: Session) => void) => {
      const { session, records } = setUp();
      work(session);
      session[Symbol.dispose]();
      session[Symbol.dispose]();
      expect(records).toHaveLength(1);
      return [records[0]?.final_verdict, records[0]?.attempts?.at(-1)?.error];
    };
    expect(verdict((session) => session.accept({}))).toEqual(["accepted", ""]);
    const useUp = (session: Session) => {
      for (const attempt of session.attempts()) session.noJson(`${attempt}`);
    };
    expect(verdict(useUp)).toEqual(["max_iter_exhausted", "2"]);
    expect(verdict((session) => session.noJson("1"))).toEqual(["infra_error", "the session was left before its end"]);
    expect(verdict((session) => session.end("down"))).toEqual(["infra_error", "down"]);
  });
});

test("runSession records what is thrown that is no error, and throws it on", async () => {
  for (const thrown of [undefined, null, "", 0]) {
    const { session, records } = setUp();
    const run = runSession(session, () => {
      throw thrown;
    });
    expect(
      await run.then(
        () => "nothing",
        (error: unknown) => error,
      ),
    ).toBe(thrown);
    expect(records[0]?.final_verdict).toBe("infra_error");
  }
});

test("startUnrecordedSession runs the same loop", async () => {
  const artifact = {};
  const session = startUnrecordedSession({ kind: "fill", max_iterations: 3 });
  const seen: number[] = [];
  const result = await runSession(session, (session) => {
    for (const attempt of session.attempts()) {
      seen.push(attempt);
      session.noJson("a");
      session.fail("b");
      if (attempt === 1) return session.accept(artifact);
    }
    return undefined;
  });
  expect([result, seen, session.session_id]).toEqual([artifact, [0, 1], ""]);
  expect(result).toBe(artifact);
  const ended = startUnrecordedSession({ kind: "fill" });
  ended[Symbol.dispose]();
  expect([...ended.attempts()]).toEqual([]);
});
