import { sessionSchema } from "@sessionlog/protocol/gen/session_schema";
import { describe, expect, test } from "vitest";
import { createOnePass } from "../../../src/record/one_pass/encode_record.js";
import { bytesOf, goodRecord } from "../support.js";
import { allStamps } from "./support.js";

describe("rulesOf follows the schema", () => {
  const { properties, $defs } = sessionSchema;
  const other = {
    ...sessionSchema,
    maxRowBytes: 700,
    $defs: {
      ...$defs,
      id: { ...$defs.id, maxLength: 5, pattern: "^[a-c:]+$" },
      name: { ...$defs.name, pattern: "^[0-9a-z]+$", maxLength: 6 },
    },
    properties: {
      ...properties,
      daemon: { ...properties.daemon, minLength: 2, maxLength: 4 },
      prompt: { ...properties.prompt, maxLength: 10 },
      iterations: { ...properties.iterations, minimum: 1, maximum: 3 },
      max_iterations: { ...properties.max_iterations, maximum: 4 },
      final_verdict: { ...properties.final_verdict, enum: ["accepted", "given_up"] },
      attempts: {
        ...properties.attempts,
        maxItems: 2,
        items: {
          ...properties.attempts.items,
          properties: {
            ...properties.attempts.items.properties,
            iteration: { minimum: 1, maximum: 7 },
            verdict_kind: { enum: ["accepted", "odd"] },
            error: { maxLength: 3 },
            span_id: {},
          },
        },
      },
      artifact: { ...properties.artifact, maxJsonBytes: 20, maxJsonDepth: 2 },
      duration_ms: { ...properties.duration_ms, maximum: 50 },
    },
  };
  const good = goodRecord({
    session_id: "a:b",
    daemon: "ab",
    model: "m",
    provider: "p",
    prompt: "p",
    iterations: 1,
    max_iterations: 2,
    attempts: [
      { iteration: 1, verdict_kind: "odd", error: "e", span_id: "a" },
      { iteration: 2, verdict_kind: "accepted" },
    ],
    artifact: { a: 1 },
    duration_ms: 1,
  });
  const take = createOnePass(["fill"], other);
  const row = (changes: object) => take(bytesOf({ ...good, ...changes }), allStamps)?.row.toString();
  const accepted = { iteration: 7, verdict_kind: "accepted" };

  test.each<[object, object]>([
    [{ session_id: "abcab" }, { session_id: "abcabc" }],
    [{ session_id: "c" }, { session_id: "d" }],
    [{ daemon: "abcd" }, { daemon: "abcde" }],
    [{ daemon: "ab" }, { daemon: "a" }],
    [{ kind: "fill" }, { kind: "email" }],
    [{ model: "123456" }, { model: "1234567" }],
    [{ provider: "123456" }, { provider: "1234567" }],
    [
      { iterations: 3, max_iterations: 4 },
      { iterations: 4, max_iterations: 4 },
    ],
    [{ max_iterations: 4 }, { max_iterations: 5 }],
    [
      { final_verdict: "given_up", attempts: [], artifact: null, grounded_in_roster: null },
      { final_verdict: "infra_error", attempts: [], artifact: null, grounded_in_roster: null },
    ],
    [{ attempts: [accepted] }, { attempts: [{ ...accepted, iteration: 8 }] }],
    [{ attempts: [{ ...accepted, iteration: 1 }] }, { attempts: [{ ...accepted, iteration: 0 }] }],
    [{ iterations: 1 }, { iterations: 0 }],
    [{ model: "1" }, { model: "" }],
    [{ provider: "1" }, { provider: "A" }],
    [
      { attempts: [{ iteration: 1, verdict_kind: "odd" }, accepted] },
      { attempts: [{ iteration: 1, verdict_kind: "odd" }, { iteration: 2, verdict_kind: "odd" }, accepted] },
    ],
    [{ attempts: [{ ...accepted, span_id: "abcab" }] }, { attempts: [{ ...accepted, span_id: "abcabc" }] }],
    [{ attempts: [accepted] }, { attempts: [{ ...accepted, verdict_kind: "no_json" }] }],
    [{ artifact: { a: "123456789012" } }, { artifact: { a: "1234567890123" } }],
    [{ artifact: { a: { b: 1 } } }, { artifact: { a: { b: {} } } }],
    [{ duration_ms: 50 }, { duration_ms: 51 }],
  ])("takes %j and leaves %j", (good_change, bad_change) => {
    expect(row(good_change)).toBeDefined();
    expect(row(bad_change)).toBeUndefined();
  });

  test("cuts text where it says, and knows the longest row", () => {
    expect(row({ prompt: "12345678901" })).toContain('"prompt":"1234567890",');
    expect(row({ attempts: [{ ...accepted, error: "漢字かな" }] })).toContain('"error":"漢字か"');
    const longest = row({})?.length ?? 0;
    expect(createOnePass(["fill"], { ...other, maxRowBytes: longest })(bytesOf(good), allStamps)).toBeDefined();
    expect(createOnePass(["fill"], { ...other, maxRowBytes: longest - 1 })(bytesOf(good), allStamps)).toBeUndefined();
  });

  test.each(["^[a-z]{2}[0-9]$", "^a+$", "[a-z]+", "^([a-z]|x)+$"])(
    "throws for the pattern %s, and names it",
    (pattern) => {
      const schema = { ...sessionSchema, properties: { ...properties, daemon: { ...properties.daemon, pattern } } };
      expect(() => createOnePass(["fill"], schema)).toThrow(`the pattern of daemon is ${pattern}`);
    },
  );

  test.each([
    ["prompt has minLength", { prompt: { ...properties.prompt, minLength: 1 } }],
    ["grounded_in_roster has const", { grounded_in_roster: { ...properties.grounded_in_roster, const: true } }],
    ["score has maximum", { score: { type: "number", maximum: 1 } }],
    ["the pattern of timestamp is ^20", { timestamp: { ...properties.timestamp, pattern: "^20" } }],
  ])("throws when %s", (message, changes) => {
    const schema = { ...sessionSchema, properties: { ...properties, ...changes } };
    expect(() => createOnePass(["fill"], schema)).toThrow(message);
  });
});
