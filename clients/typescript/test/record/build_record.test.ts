import { recordJsonToBytes } from "@sessionlog/protocol/record_from_json";
import { expect, test } from "vitest";
import { createRecordToRow } from "../../../../src/record/index.js";
import { buildSessionRecord, type IterateOutcome, type IterateRequest } from "../../src/record/build_record.js";
import { encodeRecord } from "../../src/record/encode_record.js";
import { readCases } from "../cases.js";

const request: IterateRequest = {
  kind: "fill",
  prompt: "p",
  model: "m",
  provider: "o",
  max_iterations: 3,
  trace_id: "request",
};
const asked = { kind: "fill", prompt: "p", model: "m", provider: "o", max_iterations: 3 };
const history = [{ iteration: 0, verdict_kind: "accepted" }] as const;
const response = { artifact: { fills: [] }, iterations: 1, history, trace_id: "response" };
const broken = () => {
  throw new Error("no roster");
};
const failure = { iterations: 3, history: [{ iteration: 0, verdict_kind: "no_json" }], trace_id: "failure" } as const;

interface BuildCase extends IterateOutcome {
  readonly name: string;
  readonly request: IterateRequest;
  readonly duration_ms?: number;
  readonly roster_check?: boolean | null | "fails";
  readonly record: object;
}

test.each(readCases<BuildCase>("build_record.jsonl"))("case: $name", (given) => {
  const { request, response, failure, error, duration_ms, roster_check, record } = given;
  const rosterCheck = () => (roster_check === "fails" ? broken() : (roster_check ?? undefined));
  const options = {
    duration_ms,
    ...(roster_check === undefined ? {} : { rosterCheck }),
    log: { warn: () => undefined },
  };
  const built = buildSessionRecord(request, { response, failure, error }, options);
  const stamps = { daemon: "validatord", now_ms: () => Date.parse("2026-05-02T05:22:09.250Z"), trace_id: () => "" };
  const stamped = record && "session_id" in record ? built : { ...built, session_id: "stamped" };
  const encoded = encodeRecord(stamped, stamps, 1_000_000);
  const expected = recordJsonToBytes(JSON.stringify({ session_id: "stamped", ...record }));
  expect(encoded.ok && Buffer.from(encoded.bytes)).toEqual(expected.ok && Buffer.from(expected.bytes));
});

test("buildSessionRecord takes the trace id of the failure where the request's is empty", () => {
  expect(buildSessionRecord({ ...request, trace_id: "" }, { failure }).session_id).toBe("failure");
});

test("buildSessionRecord leaves grounded_in_roster out without a check, or where it does not know or throws", () => {
  const told: string[] = [];
  const log = { warn: (message: string) => void told.push(message) };
  const unknown = () => undefined;
  for (const rosterCheck of [undefined, unknown, broken]) {
    const options = rosterCheck === undefined ? { log } : { rosterCheck, log };
    expect(buildSessionRecord(request, { response }, options).grounded_in_roster).toBeUndefined();
  }
  expect(told).toEqual(["session log: the roster check failed, grounded_in_roster is left out: Error: no roster"]);
});

test("buildSessionRecord leaves grounded_in_roster out for a check that is asynchronous, which is told", () => {
  const told: string[] = [];
  const log = { warn: (message: string) => void told.push(message) };
  for (const rosterCheck of [async () => true, () => Promise.reject(new Error("no roster")), () => null]) {
    const record = Reflect.apply(buildSessionRecord, undefined, [request, { response }, { rosterCheck, log }]);
    expect(record).toMatchObject({ final_verdict: "accepted", grounded_in_roster: undefined });
  }
  expect(told).toHaveLength(2);
  expect(told[0]).toContain("must answer at once");
});

test("buildSessionRecord makes infra_error of an error, cut to 800 code points", () => {
  const record = buildSessionRecord(request, { error: new Error("😀".repeat(900)) });
  expect(record.final_verdict).toBe("infra_error");
  expect(record.attempts).toEqual([{ iteration: 0, verdict_kind: "infra_error", error: "😀".repeat(800) }]);
  expect(buildSessionRecord(request, { error: "down" }).attempts?.[0]?.error).toBe("down");
  expect(buildSessionRecord(request, { error: new TypeError() }).attempts?.[0]?.error).toBe("TypeError: ");
});

test.each<readonly [string, object, string]>([
  ["no message", { value: undefined }, "Error: undefined"],
  ["an object as message", { value: { detail: "down" } }, "Error: [object Object]"],
  ["a message that throws", { get: broken }, "an error without a message"],
])("buildSessionRecord throws nothing for an Error with %s", (_, message, expected) => {
  const error = Object.defineProperty(new Error("x"), "message", message);
  expect(buildSessionRecord(request, { error }).attempts?.[0]?.error).toBe(expected);
});

test("buildSessionRecord throws nothing for getters that do, and logs what is left out", () => {
  const thrower = new Proxy<Record<string, never>>({}, { get: broken, has: broken, getPrototypeOf: broken });
  const messages: string[] = [];
  const log = { warn: (message: string) => void messages.push(message) };
  const build = (...parts: readonly unknown[]) => Reflect.apply(buildSessionRecord, undefined, parts);
  expect(build(thrower, { failure }, { log })).toMatchObject({ kind: "", final_verdict: "max_iter_exhausted" });
  expect(messages[0]).toBe("session log: trace_id cannot be read and is left out: Error: no roster");
  expect(messages).toHaveLength(6);
  expect(build(request, thrower)).toMatchObject({ ...asked, final_verdict: "infra_error" });
  expect(build(request, { response: thrower })).toMatchObject({ ...asked, final_verdict: "accepted" });
  expect(build(request, { failure: thrower })).toMatchObject({ ...asked, final_verdict: "max_iter_exhausted" });
  expect(build(request, { error: thrower })).toMatchObject({ ...asked, final_verdict: "infra_error" });
  expect(build({ ...request, prompt: thrower }, { response }, thrower)).toMatchObject({ final_verdict: "accepted" });
});

test("buildSessionRecord throws nothing for a log that does, or arguments that are not there", () => {
  const options = { rosterCheck: broken, log: { warn: broken } };
  expect(buildSessionRecord(request, { response }, options).final_verdict).toBe("accepted");
  const infra_error = { ...asked, final_verdict: "infra_error", attempts: [] };
  expect(buildSessionRecord(request, undefined)).toMatchObject(infra_error);
  expect(buildSessionRecord(request, null, null)).toMatchObject(infra_error);
  const ends = (outcome: object) => Reflect.apply(buildSessionRecord, undefined, [request, outcome]);
  expect(ends({ response: null, failure: null })).toMatchObject(infra_error);
  expect(ends({ response: null, failure })).toMatchObject({ final_verdict: "max_iter_exhausted" });
  expect(Reflect.apply(buildSessionRecord, undefined, [])).toMatchObject({ final_verdict: "infra_error" });
});

test("buildSessionRecord keeps the attempts before an infrastructure error, and counts those that the model answered", () => {
  const history = [
    { iteration: 0, verdict_kind: "infra_error", error: "overloaded", span_id: "a1" },
    { iteration: 3, verdict_kind: "no_json" },
  ] as const;
  const down = { iteration: 4, verdict_kind: "infra_error", error: "down" };
  const counted = { ...asked, final_verdict: "infra_error", iterations: 1 };
  expect(buildSessionRecord(request, { error: "down", history })).toMatchObject({
    ...counted,
    attempts: [...history, down],
  });
  expect(buildSessionRecord(request, { history })).toMatchObject({ ...counted, attempts: history });
});

test("buildSessionRecord makes no attempt of no error", () => {
  expect(buildSessionRecord(request, {})).toMatchObject({ final_verdict: "infra_error", attempts: [] });
});

test("buildSessionRecord cuts the prompt to 4,000 code points", () => {
  const record = buildSessionRecord({ kind: "fill", prompt: "😀".repeat(5_000) }, {});
  expect(record.prompt).toBe("😀".repeat(4_000));
  expect(buildSessionRecord({ kind: "fill", prompt: Buffer.from([0x61, 0xff]) }, {}).prompt).toBe("a\ufffd");
});

test("buildSessionRecord leaves a text of 500 million characters for append to refuse", () => {
  const text = "q".repeat(5e8);
  for (const [record, field] of [
    [buildSessionRecord({ kind: "fill", prompt: text }), "record.prompt"],
    [buildSessionRecord(request, { error: new Error(text) }), "record.attempts[0].error"],
  ] as const) {
    const encoded = encodeRecord(record, { daemon: "d", now_ms: () => 0, trace_id: () => "" }, 10_000);
    expect(encoded).toMatchObject({ ok: false, violations: [{ field, reason: "TOO_LONG" }] });
  }
});

test("buildSessionRecord makes records that the service takes", () => {
  const toRow = createRecordToRow({ kinds: ["fill"] });
  const stamps = { daemon: "", session_id: () => "", timestamp: () => ({ seconds: 0, nanos: 0 }) };
  for (const outcome of [{ response }, { failure }, { error: "down" }, {}]) {
    const row = encodeRecord(
      buildSessionRecord(request, outcome),
      { daemon: "d", now_ms: () => 0, trace_id: () => "" },
      10_000,
    );
    expect(row.ok && toRow(row.bytes, stamps)).toMatchObject({ ok: true });
  }
});
