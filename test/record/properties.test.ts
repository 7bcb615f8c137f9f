import { sessionSchema } from "@sessionlog/protocol/gen/session_schema";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { recordJsonToBytes } from "../../src/record/index.js";
import { bytesOf, compileForRows, goodRecord, noStamps, recordToRow, sendJson } from "./support.js";

const validate = compileForRows();
const stamps = { session_id: () => "made", daemon: "default", timestamp: () => ({ seconds: 1, nanos: 2 }) };

/** Whatever the bytes: an answer, and if it is a row, a good one. */
function judge(bytes: Uint8Array): boolean {
  const result = recordToRow(bytes, stamps);
  if (result.ok) checkRow(result.row);
  else {
    expect(result.violations.length).toBeGreaterThan(0);
    expect(new Set(result.violations.map(({ field }) => field)).size).toBe(result.violations.length);
  }
  return result.ok;
}

function checkRow(row: Buffer): void {
  const line = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(row);
  expect(line.endsWith("}\n")).toBe(true);
  expect(line.indexOf("\n")).toBe(line.length - 1);
  expect(line).not.toMatch(/[\ud800-\udfff]/u);
  const json: object = JSON.parse(line);
  expect(validate(json) || validate.errors).toBe(true);
  const keys = Object.keys(json);
  expect(keys).toEqual(Object.keys(sessionSchema.properties).filter((key) => keys.includes(key)));

  const bytes = recordJsonToBytes(line);
  if (!bytes.ok) expect.fail(`the row cannot be sent back: ${JSON.stringify(bytes.violations)}`);
  const again = recordToRow(bytes.bytes, noStamps);
  expect(again.ok ? again.row.toString() : again.violations).toBe(line);
}

const text = fc.string({ unit: "grapheme" });
const plain = fc.string({ unit: fc.constantFrom(..."abcXYZ019._-"), minLength: 1, maxLength: 40 });
const key = fc.oneof(text, fc.constantFrom("__proto__", "constructor", "toString", "10", "9", "-1", "", "😀", "～"));
const { artifact } = fc.letrec((tie) => ({
  artifact: fc.array(fc.tuple(key, tie("value")), { maxLength: 6 }).map((entries) => Object.fromEntries(entries)),
  value: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 6 }),
    tie("artifact"),
  ),
}));
const name = fc
  .string({ unit: "grapheme", maxLength: 60 })
  .filter((value) => !/[\u0000-\u001f\u007f-\u009f]/.test(value));
const acceptable = fc
  .record({
    session_id: plain,
    seconds: fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }),
    daemon: plain,
    kind: fc.constantFrom("fill", "email", "playbook"),
    model: name,
    provider: name,
    prompt: fc.oneof(
      text,
      fc.nat({ max: 5000 }).map((length) => "🛠".repeat(length)),
    ),
    refused: fc.array(fc.constantFrom("no_json", "validation_failed", "infra_error"), { maxLength: 4 }),
    error: text,
    verdict: fc.constantFrom("accepted", "max_iter_exhausted", "infra_error"),
    artifact: fc.option(artifact),
    grounded: fc.option(fc.boolean()),
    duration_ms: fc.maxSafeNat(),
  })
  .map(({ seconds, refused, error, verdict, artifact, grounded, ...others }) => {
    const accepted = verdict === "accepted";
    const kinds = accepted ? [...refused, "accepted"] : refused;
    return {
      ...others,
      timestamp: new Date(seconds * 1000).toISOString(),
      iterations: kinds.length,
      final_verdict: verdict,
      attempts: kinds.map((verdict_kind, iteration) => ({ iteration, verdict_kind, error })),
      artifact: accepted ? artifact : null,
      grounded_in_roster: accepted ? grounded : null,
    };
  });

describe("recordToRow", () => {
  test("answers to any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void judge(bytes)),
      { numRuns: 1000 },
    );
  });

  test("answers to a good record with some bytes changed, taken out or put in", () => {
    const good = bytesOf(goodRecord());
    const change = fc.tuple(fc.nat({ max: good.length }), fc.nat({ max: 4 }), fc.uint8Array({ maxLength: 4 }));
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        let bytes = good;
        for (const [at, out, put] of changes)
          bytes = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + out)]);
        if (judge(bytes)) accepted++;
      }),
      { numRuns: 2000 },
    );
    expect(accepted).toBeGreaterThan(0);
  });

  test("gives every acceptable record a row that satisfies the schema and that gives itself", () => {
    fc.assert(
      fc.property(acceptable, (record) => {
        const result = sendJson(record);
        if (!result.ok) expect.fail(JSON.stringify(result.violations));
        checkRow(result.row);
        const row: { prompt: string; artifact?: unknown } = JSON.parse(result.row.toString());
        expect(row.prompt).toBe([...record.prompt].slice(0, 4000).join(""));
        // JSON knows no -0, toEqual does.
        expect(row.artifact).toEqual(
          record.artifact === null ? undefined : JSON.parse(JSON.stringify(record.artifact)),
        );
      }),
      { numRuns: 300 },
    );
  });
});

describe("recordJsonToBytes", () => {
  test("answers to any text", () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.json()), (line) => void recordJsonToBytes(line)));
  });

  test("answers to records of any values", () => {
    const record = fc.dictionary(fc.oneof(fc.constantFrom(...Object.keys(goodRecord())), fc.string()), fc.jsonValue());
    fc.assert(
      fc.property(record, (json) => {
        const bytes = recordJsonToBytes(JSON.stringify(json));
        if (bytes.ok) judge(bytes.bytes);
      }),
    );
  });
});
