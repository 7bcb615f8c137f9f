import { SessionRecord } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { createCursor, readTag, skipField } from "@sessionlog/protocol/wire/reader";
import { describe, expect, test, vi } from "vitest";
import { encodeRecord } from "../../src/record/encode_record.js";
import { readCases } from "../cases.js";

const stamps = { daemon: "validatord", now_ms: () => 1_777_699_329_250, trace_id: () => "" };
const encode = (record: unknown, bytes_max = 1_000_000) => encodeRecord(record, stamps, bytes_max);

function decoded(record: unknown): SessionRecord {
  const row = encode(record);
  if (!row.ok) throw new Error(JSON.stringify(row.violations));
  return SessionRecord.decode(row.bytes);
}

function refusal(record: unknown, bytes_max?: number): string {
  const row = encode(record, bytes_max);
  return row.ok ? "no refusal" : row.violations.map(({ field, reason }) => `${field} ${reason}`).join();
}

const full: SessionRecord = {
  schema: "session.iterate.v1",
  session_id: "s-1",
  timestamp: { seconds: 1_777_699_329, nanos: 123_456_789 },
  daemon: "other",
  kind: "fill",
  model: "qwen3:8b",
  provider: "ollama",
  prompt: "Fill 2 slots – bitte, 日本 😀",
  iterations: 2,
  max_iterations: 3,
  final_verdict: "accepted",
  attempts: [
    { iteration: 0, verdict_kind: "no_json", error: "e".repeat(300), span_id: "a1" },
    { iteration: 1, verdict_kind: "accepted", error: "", span_id: "" },
  ],
  artifact: { a: [1, -0.5, "x", true, false, null, [], {}], é: { b: { c: "long ".repeat(100) } } },
  grounded_in_roster: false,
  duration_ms: 2 ** 40,
};

interface RecordCase {
  readonly name: string;
  readonly record: unknown;
  readonly bytes_max?: number;
  readonly bytes?: string;
  readonly refusal?: { readonly field: string; readonly reason: string };
}

/** The field numbers of a message, in the order of its bytes. */
function fieldNumbers(bytes: Uint8Array): readonly number[] {
  const cursor = createCursor(bytes);
  const numbers: number[] = [];
  while (cursor.at < cursor.end) {
    const tag = readTag(cursor);
    numbers.push(tag >>> 3);
    skipField(cursor, tag);
  }
  return numbers;
}

describe("encodeRecord", () => {
  test.each(readCases<RecordCase>("records.jsonl"))("case: $name", ({ record, bytes_max, bytes, refusal }) => {
    const encoded = encode(record, bytes_max);
    if (encoded.ok) expect(Buffer.from(encoded.bytes).toString("hex")).toBe(bytes);
    else expect(encoded.violations).toEqual([{ ...refusal, description: expect.any(String) }]);
  });

  test("writes fields by rising number", () => {
    const encoded = encode(full);
    const numbers = encoded.ok ? fieldNumbers(encoded.bytes) : [];
    expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 12, 13, 14, 15]);
  });

  test("writes the bytes of generated code, field by field", () => {
    const row = encode(full);
    expect(row.ok && Buffer.from(SessionRecord.encode(full).finish()).equals(row.bytes)).toBe(true);
  });

  test("takes the generated record as it is", () => {
    expect(decoded(full)).toEqual(full);
  });

  test("stamps what is missing, and only that", () => {
    const record = decoded({ kind: "fill", final_verdict: "accepted" });
    expect(record).toMatchObject({ daemon: "validatord", timestamp: { seconds: 1_777_699_329, nanos: 250_000_000 } });
    expect(record.session_id).toMatch(/^[0-9a-f]{32}$/);
    expect(decoded({}).session_id).not.toBe(record.session_id);
    expect(decoded({ timestamp: new Date(-1) }).timestamp).toEqual({ seconds: -1, nanos: 999_000_000 });
  });

  test("repairs text with U+FFFD, wherever it stands", () => {
    const record = decoded({
      prompt: Buffer.from([0x61, 0xff, 0x62]),
      attempts: [{ iteration: 0, verdict_kind: "no_json", error: "\ud800".repeat(100) }],
      artifact: { "k\udc00": "x\ud83d" },
    });
    expect(record.prompt).toBe("a\ufffdb");
    expect(record.attempts[0]?.error).toBe("\ufffd".repeat(100));
    expect(record.artifact).toEqual({ "k\ufffd": "x\ufffd" });
  });

  test("cuts prompts and errors by code points", () => {
    const long = "😀".repeat(4_001);
    const record = decoded({ prompt: long, attempts: [{ iteration: 0, verdict_kind: "no_json", error: `${long}x` }] });
    expect([...record.prompt]).toHaveLength(4_000);
    expect([...(record.attempts[0]?.error ?? "")]).toHaveLength(4_000);
  });

  test("takes what JSON.stringify takes in an artifact", () => {
    const time = new Date(0);
    const artifact = { time, gone: undefined, list: [undefined, time], none: Object.create(null), __proto__x: 1 };
    expect(decoded({ artifact }).artifact).toEqual(JSON.parse(JSON.stringify(artifact)));
    expect(refusal({ artifact: JSON.parse('{"__proto__": 1}') })).toBe("no refusal");
  });

  test("keeps numbers within their types", () => {
    expect(decoded({ iterations: -3, duration_ms: 12.9 })).toMatchObject({ iterations: -3, duration_ms: 12 });
    expect(decoded({ duration_ms: 9_007_199_254_740_991n }).duration_ms).toBe(Number.MAX_SAFE_INTEGER);
    expect(refusal({ iterations: 2 ** 31 })).toBe("record.iterations OUT_OF_RANGE");
    expect(refusal({ duration_ms: Number.POSITIVE_INFINITY })).toBe("record.duration_ms OUT_OF_RANGE");
  });

  const cyclic: Record<string, unknown> = { list: [] };
  cyclic.self = [cyclic, cyclic];
  let wide: unknown = "x".repeat(100);
  for (let level = 0; level < 30; level++) wide = [wide, wide];

  test.each<readonly [string, unknown, string]>([
    ["NaN", { artifact: { a: [Number.NaN] } }, "record.artifact NOT_FINITE"],
    ["an object in itself", { artifact: cyclic }, "record.artifact TOO_DEEP"],
    ["a value that holds a part many times", { artifact: { wide } }, "record.artifact TOO_LONG"],
    ["a list of a billion holes", { artifact: { list: new Array(1e9) } }, "record.artifact TOO_LONG"],
    ["attempts without end", { attempts: new Array(1e9) }, "record.attempts TOO_LONG"],
    ["a text of 500 million characters", { model: "m".repeat(5e8) }, "record.model TOO_LONG"],
    ["a prompt of as many", { prompt: "日".repeat(5e8) }, "record.prompt TOO_LONG"],
    ["an error of as many", { attempts: [{ error: "e".repeat(5e8) }] }, "record.attempts[0].error TOO_LONG"],
    ["an artifact with such a text", { artifact: { text: "t".repeat(5e8) } }, "record.artifact TOO_LONG"],
    ["an integer beyond 2^53", { duration_ms: 2n ** 63n - 1n }, "record.duration_ms OUT_OF_RANGE"],
    ["a Map", { artifact: { a: new Map() } }, "record.artifact INVALID_FORMAT"],
    ["an object of a class", { artifact: { a: new (class Worker {})() } }, "record.artifact INVALID_FORMAT"],
    ["a bigint", { artifact: { a: 1n } }, "record.artifact INVALID_FORMAT"],
    ["a function", { artifact: { a: () => 1 } }, "record.artifact INVALID_FORMAT"],
    ["a list for an artifact", { artifact: [] }, "record.artifact INVALID_FORMAT"],
    ["a text for an artifact", { artifact: "{}" }, "record.artifact INVALID_FORMAT"],
    ["an invalid date", { timestamp: new Date(Number.NaN) }, "record.timestamp INVALID_FORMAT"],
    ["a number for a text", { model: 7 }, "record.model INVALID_FORMAT"],
    ["NaN for an integer", { attempts: [{ iteration: Number.NaN }] }, "record.attempts[0].iteration INVALID_FORMAT"],
    ["a text for a flag", { grounded_in_roster: "yes" }, "record.grounded_in_roster INVALID_FORMAT"],
    ["attempts that are none", { attempts: [null] }, "record.attempts[0] INVALID_FORMAT"],
    ["no record", undefined, "record INVALID_FORMAT"],
    ["a text", "record", "record INVALID_FORMAT"],
  ])("refuses %s", (_, record, expected) => {
    expect(refusal(record)).toBe(expected);
  });

  test("refuses what is too long, and goes on", () => {
    expect(refusal({ model: "m".repeat(2_000) }, 1_000)).toBe("record.model TOO_LONG");
    expect(refusal({ artifact: { a: "😀".repeat(700_000) } })).toBe("record.artifact TOO_LONG");
    expect(refusal({ model: "m" }, 1_000)).toBe("no refusal");
  });

  test("copies no text that is too long", () => {
    const text = "t".repeat(100_000);
    const bytes = Buffer.from(text);
    const copy = vi.spyOn(Buffer, "allocUnsafe");
    const decode = vi.spyOn(TextDecoder.prototype, "decode");
    const artifacts = [text, { [text]: 1 }, { a: [{ b: text }] }].map((a) => ({ artifact: { a } }));
    for (const record of [{ model: text }, { model: bytes }, ...artifacts]) {
      expect(refusal(record, 50_000)).toBe(`record.${"model" in record ? "model" : "artifact"} TOO_LONG`);
    }
    expect(decoded({ prompt: bytes, attempts: [{ iteration: 0, error: bytes }] }).prompt).toBe(text.slice(0, 4_000));
    const copied = copy.mock.calls.map(([length]) => length);
    const read = decode.mock.calls.map(([input]) => input?.byteLength ?? 0);
    vi.restoreAllMocks();
    expect(Math.max(...copied, ...read)).toBeLessThan(50_000);
  });

  test("throws nothing, whatever a record's own code does", () => {
    const bad = {
      get kind(): string {
        encode(full);
        throw new Error("no kind");
      },
    };
    expect(refusal(bad)).toBe("record.kind INVALID_FORMAT");
    const thrower = () => {
      throw new Error("no");
    };
    const proxy = new Proxy({}, { get: thrower, getPrototypeOf: thrower, has: thrower, ownKeys: thrower });
    expect(refusal(proxy)).toBe("record.schema INVALID_FORMAT");
    expect(refusal({ timestamp: proxy })).toBe("record.timestamp INVALID_FORMAT");
    expect(refusal({ artifact: proxy })).toBe("record.artifact INVALID_FORMAT");
    expect(refusal({ attempts: [proxy] })).toBe("record.attempts[0].iteration INVALID_FORMAT");
    expect(refusal({ prompt: proxy })).toBe("record.prompt INVALID_FORMAT");
    expect(refusal({ artifact: { a: { toJSON: thrower } } })).toBe("record.artifact INVALID_FORMAT");
    expect(refusal({ artifact: { a: { toJSON: () => ({ b: Number.NaN }) } } })).toBe("record.artifact NOT_FINITE");
    expect(decoded(full)).toEqual(full);
  });

  test("keeps a record whole when one of its getters appends another", () => {
    const outer = {
      ...full,
      get model(): string {
        encode({ ...full, model: "inner" });
        return "outer";
      },
    };
    expect(decoded(outer)).toEqual({ ...full, model: "outer" });
  });
});
