import { describe, expect, test } from "vitest";
import type { SessionRecordInput } from "../src/record/record.js";
import { runSession, type Session, type SessionRequest, startSession, startUnrecordedSession } from "../src/session.js";

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

  test("accepts the JSON of an answer, or records why not", () => {
    const { session, records } = setUp();
    const check = (value: unknown) => {
      if (typeof value !== "object" || value === null) throw new TypeError("expected an object");
      return value;
    };
    expect(session.acceptJson("{", check)).toBeUndefined();
    expect(session.acceptJson("7", check)).toBeUndefined();
    expect(session.acceptJson('{"n": 1}', check)).toEqual({ n: 1 });
    session.end();
    expect(records[0]?.artifact).toEqual({ n: 1 });
    expect(records[0]?.attempts).toMatchObject([
      { verdict_kind: "no_json", error: expect.stringContaining("JSON") },
      { verdict_kind: "validation_failed", error: "expected an object" },
      { verdict_kind: "accepted" },
    ]);
    const off = startUnrecordedSession({ kind: "fill" });
    expect([off.acceptJson("7", check), off.acceptJson("{}", check)]).toEqual([undefined, {}]);
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
