import { describe, expect, test } from "vitest";
import { recordJsonToBytes } from "../../src/record/index.js";
import { bytesOf, goodRecord, noStamps, outcome, recordToRow, sendJson } from "../../test/record/support.js";
import { SessionRecord } from "../src/gen/sessionlog/v1/session_log.js";

function refusals(text: string): string[] {
  const result = recordJsonToBytes(text);
  return result.ok ? [] : result.violations.map(({ field, reason }) => `${field}: ${reason}`).sort();
}

const refusalsOf = (changes: Record<string, unknown>) => refusals(JSON.stringify(goodRecord(changes)));

describe("recordJsonToBytes", () => {
  test("writes what ts-proto reads", () => {
    const record = goodRecord({
      timestamp: "1969-12-31T23:59:59.5Z",
      iterations: -7,
      max_iterations: 300,
      duration_ms: "-5",
    });
    expect(SessionRecord.decode(bytesOf(record))).toEqual({
      ...record,
      timestamp: { seconds: -1, nanos: 500_000_000 },
      duration_ms: -5,
      attempts: [
        { iteration: 0, verdict_kind: "no_json", error: "no JSON", span_id: "a1" },
        { iteration: 1, verdict_kind: "accepted", error: "", span_id: "" },
      ],
    });
  });

  test("writes the same as ts-proto, where there is no artifact", () => {
    const record = SessionRecord.decode(bytesOf(goodRecord({ artifact: null })));
    expect(Buffer.from(SessionRecord.encode(record).finish())).toEqual(bytesOf(goodRecord({ artifact: null })));
  });

  test("takes an empty object, and null for every field", () => {
    expect(bytesOf({})).toHaveLength(0);
    expect(bytesOf(Object.fromEntries(Object.keys(goodRecord()).map((key) => [key, null])))).toHaveLength(0);
  });

  test("keeps false and an empty artifact, which absent ones are not", () => {
    expect(bytesOf({ grounded_in_roster: false, artifact: {}, timestamp: "1970-01-01T00:00:00Z" })).toHaveLength(6);
  });

  test("takes names in camelCase", () => {
    const attempts = [{ iteration: 1, verdictKind: "accepted", spanId: "a" }];
    const { session_id, max_iterations, final_verdict, grounded_in_roster, duration_ms, ...others } = goodRecord();
    const camel = {
      ...others,
      sessionId: session_id,
      maxIterations: max_iterations,
      finalVerdict: final_verdict,
      groundedInRoster: grounded_in_roster,
      durationMs: duration_ms,
      attempts,
    };
    const snake = goodRecord({ attempts: [{ iteration: 1, verdict_kind: "accepted", span_id: "a" }] });
    expect(bytesOf(camel)).toEqual(bytesOf(snake));
  });

  test("refuses a name in both forms", () => {
    expect(refusalsOf({ sessionId: "x" })).toEqual(["record.session_id: INVALID_FORMAT"]);
  });

  test("refuses unknown keys, naming those that look like names", () => {
    const attempts = [{ iteration: 0, verdict_kind: "accepted", extra: 1 }];
    expect(refusalsOf({ Kind: 1, attempts, constructor: 2 })).toEqual([
      "record.Kind: NOT_ALLOWED",
      "record.attempts[0].extra: NOT_ALLOWED",
      "record.constructor: NOT_ALLOWED",
    ]);
    expect(refusalsOf({ "Ana Ruiz": 1, [`${"x".repeat(1000)}`]: 1 })).toEqual(["record: NOT_ALLOWED"]);
    expect(refusals('{"__proto__":{"kind":"fill"}}')).toEqual(["record.__proto__: NOT_ALLOWED"]);
  });

  test.each(["", "null", "[]", "1", '"x"', "{", "{}{}", "undefined", "\ufeff{}", "[".repeat(200_000)])(
    "refuses text that is no object: %.20s",
    (text) => {
      expect(refusals(text)).toEqual(["record: INVALID_ENCODING"]);
    },
  );

  test("never quotes the text that it cannot read", () => {
    const result = recordJsonToBytes('{"prompt":"Ana Ruiz" oops');
    expect(JSON.stringify(result)).not.toMatch(/Ana|oops/);
  });

  test("names every field of another type", () => {
    const wrong = Object.fromEntries(Object.keys(goodRecord()).map((key) => [key, key === "attempts" ? {} : []]));
    expect(refusals(JSON.stringify(wrong))).toEqual(
      Object.keys(goodRecord())
        .map((key) => `record.${key}: INVALID_FORMAT`)
        .sort(),
    );
    expect(refusalsOf({ attempts: [null, 1, [], { iteration: "x", error: 5 }] })).toEqual([
      "record.attempts[0]: INVALID_FORMAT",
      "record.attempts[1]: INVALID_FORMAT",
      "record.attempts[2]: INVALID_FORMAT",
      "record.attempts[3].error: INVALID_FORMAT",
      "record.attempts[3].iteration: INVALID_FORMAT",
    ]);
  });

  test.each([
    [1, 1],
    ["1", 1],
    [3.0, 3],
    ["3.0", 3],
    ["1e3", 1000],
    ["-0", 0],
    ["-2147483648", -(2 ** 31)],
    [2 ** 31 - 1, 2 ** 31 - 1],
  ])("takes the int32 %j", (json, value) => {
    expect(SessionRecord.decode(bytesOf({ iterations: json })).iterations).toBe(value);
  });

  test.each([
    ["iterations", 0.5, "INVALID_FORMAT"],
    ["iterations", "0.5", "INVALID_FORMAT"],
    ["iterations", "", "INVALID_FORMAT"],
    ["iterations", " 1", "INVALID_FORMAT"],
    ["iterations", "1 ", "INVALID_FORMAT"],
    ["iterations", "+1", "INVALID_FORMAT"],
    ["iterations", "01", "INVALID_FORMAT"],
    ["iterations", "0x1", "INVALID_FORMAT"],
    ["iterations", true, "INVALID_FORMAT"],
    ["iterations", 2 ** 31, "OUT_OF_RANGE"],
    ["iterations", -(2 ** 31) - 1, "OUT_OF_RANGE"],
    ["iterations", "1e400", "OUT_OF_RANGE"],
    ["duration_ms", "9223372036854775808", "OUT_OF_RANGE"],
    ["duration_ms", "-9223372036854775809", "OUT_OF_RANGE"],
    ["duration_ms", 1e300, "OUT_OF_RANGE"],
    ["duration_ms", "9".repeat(1_000_000), "OUT_OF_RANGE"],
    ["timestamp", "yesterday", "INVALID_FORMAT"],
    ["timestamp", 5, "INVALID_FORMAT"],
    ["grounded_in_roster", "true", "INVALID_FORMAT"],
    ["grounded_in_roster", 0, "INVALID_FORMAT"],
    ["artifact", [], "INVALID_FORMAT"],
    ["artifact", "{}", "INVALID_FORMAT"],
  ])("refuses %s of %.30j", (field, value, reason) => {
    expect(refusalsOf({ [field]: value })).toEqual([`record.${field}: ${reason}`]);
  });

  test("refuses a number in JSON that is too large for any", () => {
    expect(refusals('{"iterations":1e400}')).toEqual(["record.iterations: OUT_OF_RANGE"]);
    expect(outcome(sendRaw('"artifact":{"a":1e400}'))).toEqual(["record.artifact: NOT_FINITE"]);
  });

  test.each<[string, Record<string, unknown>]>([
    ["prompt", { prompt: "\ud83d" }],
    ["error", { attempts: [{ iteration: 0, verdict_kind: "accepted", error: "x\udee0" }] }],
    ["artifact", { artifact: { a: ["\udee0\ud83d"] } }],
    ["artifact", { artifact: { a: [{ "\ud83d": 1 }] } }],
  ])("refuses half of a surrogate pair in %s", (name, changes) => {
    const result = recordJsonToBytes(JSON.stringify(goodRecord(changes)));
    const description = `${name} is not valid Unicode: half of a surrogate pair`;
    expect(result).toEqual({ ok: false, violations: [{ field: "record", reason: "INVALID_ENCODING", description }] });
  });

  test("does not judge the attempts of a list that is too long", () => {
    expect(refusalsOf({ attempts: Array(100_000).fill(5) })).toEqual(["record.attempts: TOO_LONG"]);
  });

  test.each(["[", '{"a":'])("leaves 200,000 levels of %s to the service", (open) => {
    const levels = open.repeat(200_000) + (open === "[" ? "" : "1") + (open === "[" ? "]" : "}").repeat(200_000);
    const result = outcome(sendRaw(`"artifact":{"a":${levels}}`));
    expect(result).toEqual([`record.artifact: ${open === "[" ? "TOO_DEEP" : "TOO_LONG"}`]);
  });

  test("keeps names that JavaScript treats specially, and numbers' names in their place", () => {
    const artifact = '{"10":1,"9":2,"__proto__":{"a":1},"constructor":3}';
    expect(outcome(sendRaw(`"artifact":${artifact}`))).toContain(`"artifact":${artifact}`);
  });

  test("takes rows of the older loggers", () => {
    const legacy = goodRecord({
      final_verdict: "infra_error",
      attempts: null,
      artifact: null,
      grounded_in_roster: null,
    });
    expect(outcome(sendJson(legacy))).toContain('"attempts":[],"duration_ms"');
  });
});

function sendRaw(member: string) {
  const text = JSON.stringify(goodRecord({ artifact: undefined })).replace("{", `{${member},`);
  const bytes = recordJsonToBytes(text);
  return bytes.ok ? recordToRow(bytes.bytes, noStamps) : bytes;
}
