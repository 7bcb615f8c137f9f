import { expect, test } from "vitest";
import { encodeRecord } from "../../clients/typescript/src/record/encode_record.js";
import { recordJsonToBytes } from "../../src/record/index.js";
import { recordToJsonLine } from "../src/record_to_json.js";

const stamps = { daemon: "d", now_ms: () => 1_777_699_329_250, trace_id: () => "" };

function bytesOf(record: object): Uint8Array {
  const row = encodeRecord(record, stamps, 1_000_000);
  if (!row.ok) throw new Error(JSON.stringify(row.violations));
  return row.bytes;
}

test.each<readonly [string, object]>([
  ["a small record", { kind: "fill", final_verdict: "accepted" }],
  [
    "numbers",
    { iterations: -1, max_iterations: 7, duration_ms: -(2 ** 53), artifact: { n: [0.1, -0, 1e300, 5e-324] } },
  ],
  ["flags", { grounded_in_roster: false, artifact: { t: true, f: false, z: null } }],
  [
    "attempts",
    {
      attempts: [
        { iteration: 0, verdict_kind: "no_json", error: "e" },
        { iteration: 1, span_id: "s" },
      ],
    },
  ],
  ["awkward text", { prompt: '\u2028"\\\n\udcff', artifact: JSON.parse('{"__proto__":{"a\\"":[]}}') }],
  ["an early time", { timestamp: { seconds: -62_135_596_800, nanos: 1 } }],
])("recordToJsonLine makes of %s what becomes the same bytes again", (_, record) => {
  const bytes = bytesOf(record);
  const line = recordToJsonLine(bytes);
  expect(line).toMatch(/^\{[^\n]*\}\n$/);
  const again = recordJsonToBytes(line);
  expect(again.ok && Buffer.from(again.bytes).equals(bytes)).toBe(true);
});

test("recordToJsonLine throws for a time that no row can have", () => {
  expect(() => recordToJsonLine(bytesOf({ timestamp: { seconds: 2 ** 50, nanos: 0 } }))).toThrow(RangeError);
  expect(() => recordToJsonLine(bytesOf({ timestamp: { seconds: 0, nanos: -1 } }))).toThrow(RangeError);
});
