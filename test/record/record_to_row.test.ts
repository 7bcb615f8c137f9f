import { describe, expect, test } from "vitest";
import { createRecordToRow } from "../../src/record/index.js";
import { bytesOf, goodRecord, nest, noStamps, outcome, recordToRow, sendJson, wire } from "./support.js";

const good = bytesOf(goodRecord());
const withArtifact = (struct: Buffer) =>
  Buffer.concat([bytesOf(goodRecord({ artifact: undefined })), wire.bytes(13, struct)]);
const outcomeOf = (...parts: Buffer[]) => outcome(recordToRow(Buffer.concat(parts), noStamps));

describe("createRecordToRow", () => {
  test("takes the configured kinds only", () => {
    const custom = createRecordToRow({ kinds: ['say "hi"', "note", "note"] });
    const row = (kind: string) => custom(bytesOf(goodRecord({ kind })), noStamps);
    const kept = row('say "hi"');
    expect(kept.ok && JSON.parse(kept.row.toString()).kind).toBe('say "hi"');
    expect(outcome(row("fill"))).toEqual(["record.kind: NOT_ALLOWED"]);
    expect(outcome(row('say "hi"'))).toContain('"kind":"say \\"hi\\"",');
  });

  test("throws when there is no kind", () => {
    expect(() => createRecordToRow({ kinds: [] })).toThrow();
  });
});

describe("recordToRow", () => {
  test("tells what callers ask of an accepted record", () => {
    expect(recordToRow(good, noStamps)).toMatchObject({
      session_id: "4bf92f3577b34da6a3ce929d0e0e4736",
      timestamp: { seconds: 1777699329, nanos: 123456789 },
      daemon: "validatord",
      ungrounded: false,
    });
  });

  test.each([
    [true, { grounded_in_roster: false }],
    [false, { grounded_in_roster: undefined }],
    [false, { grounded_in_roster: false, kind: "email" }],
  ])("says of a record whether it is ungrounded: %s for %j", (ungrounded, changes) => {
    expect(sendJson(goodRecord(changes))).toMatchObject({ ok: true, ungrounded });
  });

  test("stamps what is left empty", () => {
    const stamps = {
      session_id: () => "made",
      daemon: "default",
      timestamp: () => ({ seconds: 60, nanos: 5_000_000 }),
    };
    const record = goodRecord({ schema: "", session_id: "", timestamp: null, daemon: "" });
    const result = sendJson(record, stamps);
    expect(result).toMatchObject({ ok: true, session_id: "made", daemon: "default", timestamp: stamps.timestamp() });
    expect(outcome(result)).toMatch(
      /^{"schema":"session.iterate.v1","session_id":"made","timestamp":"1970-01-01T00:01:00.005Z","daemon":"default"/,
    );
  });

  test("judges stamps as well", () => {
    const stamps = { session_id: () => "not one", daemon: "a/b", timestamp: () => ({ seconds: 1e15, nanos: 0 }) };
    expect(outcome(sendJson(goodRecord({ session_id: "", timestamp: null, daemon: "" }), stamps))).toEqual([
      "record.daemon: INVALID_FORMAT",
      "record.session_id: INVALID_FORMAT",
      "record.timestamp: OUT_OF_RANGE",
    ]);
  });

  test("names all that no bytes lack", () => {
    const stamps = { ...noStamps, session_id: () => "", timestamp: () => ({ seconds: 0, nanos: 0 }) };
    expect(outcome(recordToRow(new Uint8Array(), stamps))).toEqual([
      "record.daemon: REQUIRED",
      "record.final_verdict: REQUIRED",
      "record.kind: REQUIRED",
      "record.session_id: REQUIRED",
    ]);
  });

  test.each<[string, Record<string, unknown>, string[]]>([
    ["a name of 256 astral characters", { model: "🛠".repeat(256) }, []],
    ["a name of 257 astral characters", { model: "🛠".repeat(257) }, ["record.model: TOO_LONG"]],
    ["a long name with control characters", { model: "\u0000".repeat(300) }, ["record.model: TOO_LONG"]],
    ["a name with DEL", { provider: "\u007f" }, ["record.provider: INVALID_FORMAT"]],
    ["a name with U+009F", { provider: "\u009f" }, ["record.provider: INVALID_FORMAT"]],
    ["a name with U+00A0", { provider: "\u00a0" }, []],
    ["a long session id of bad characters", { session_id: " ".repeat(129) }, ["record.session_id: TOO_LONG"]],
    ["a session id of 65 astral characters", { session_id: "🛠".repeat(65) }, ["record.session_id: INVALID_FORMAT"]],
    ["iterations of 1,000", { iterations: 1000, max_iterations: 1000 }, []],
    ["max_iterations of 1,001", { max_iterations: 1001 }, ["record.max_iterations: OUT_OF_RANGE"]],
    ["a year 10000", { timestamp: "9999-12-31T23:59:59-00:01" }, ["record.timestamp: OUT_OF_RANGE"]],
    ["a year 0", { timestamp: "0000-12-31T23:59:59Z" }, ["record.timestamp: OUT_OF_RANGE"]],
    [
      "1,000 attempts",
      {
        attempts: Array.from({ length: 1000 }, (_, iteration) => ({
          iteration,
          verdict_kind: iteration < 999 ? "no_json" : "accepted",
        })),
      },
      [],
    ],
    [
      "a bad verdict and a bad artifact",
      { final_verdict: "", artifact: { a: 1 }, grounded_in_roster: true },
      ["record.final_verdict: REQUIRED"],
    ],
    [
      "bad attempts, each of them",
      {
        attempts: [
          { iteration: -1, verdict_kind: "", span_id: "!" },
          { iteration: -1, verdict_kind: "x", span_id: "s".repeat(129) },
        ],
      },
      [
        "record.attempts[0].iteration: OUT_OF_RANGE",
        "record.attempts[0].span_id: INVALID_FORMAT",
        "record.attempts[0].verdict_kind: REQUIRED",
        "record.attempts[1].iteration: OUT_OF_RANGE",
        "record.attempts[1].span_id: TOO_LONG",
        "record.attempts[1].verdict_kind: NOT_ALLOWED",
      ],
    ],
  ])("judges %s", (_, changes, violations) => {
    const result = outcome(sendJson(goodRecord(changes)));
    expect(violations.length === 0 ? typeof result : result).toEqual(violations.length === 0 ? "string" : violations);
  });

  test.each<[string, Buffer]>([
    ["nanos of -1", wire.bytes(3, wire.int(2, -1))],
    ["nanos of a whole second", wire.bytes(3, wire.int(2, 1_000_000_000))],
    ["nanos at the end of int32", wire.bytes(3, wire.int(2, 2 ** 31 - 1))],
    ["seconds before year 1", wire.bytes(3, wire.int(1, -62_135_596_801))],
    ["seconds after year 9999", wire.bytes(3, wire.int(1, 253_402_300_800))],
    ["seconds at the end of int64", wire.bytes(3, wire.int(1, 2n ** 63n - 1n))],
    ["seconds at the beginning of int64", wire.bytes(3, wire.int(1, -(2n ** 63n)))],
  ])("refuses a timestamp with %s", (_, bytes) => {
    expect(outcomeOf(good, bytes)).toEqual(["record.timestamp: OUT_OF_RANGE"]);
  });

  test.each([2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, -1n, -(2n ** 63n)])("refuses a duration of %s", (duration) => {
    expect(outcomeOf(good, wire.int(15, duration))).toEqual(["record.duration_ms: OUT_OF_RANGE"]);
  });

  const entry = (key: string, value: Buffer) =>
    wire.bytes(1, Buffer.concat([wire.bytes(1, key), wire.bytes(2, value)]));
  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("refuses %d in an artifact", (number) => {
    const result = recordToRow(withArtifact(entry("score", wire.double(2, number))), noStamps);
    expect(result).toMatchObject({ ok: false, violations: [{ field: "record.artifact", reason: "NOT_FINITE" }] });
    expect(result.ok || result.violations[0]?.description).toContain("artifact.score");
  });

  test("takes a number that is not finite when another value takes its place", () => {
    const bytes = withArtifact(Buffer.concat([entry("a", wire.double(2, Number.NaN)), entry("a", wire.double(2, 1))]));
    expect(outcome(recordToRow(bytes, noStamps))).toContain('"artifact":{"a":1}');
  });

  test.each<[string, Buffer, string]>([
    ["31 lists in the artifact", nest(31, "list"), ""],
    ["32 lists in the artifact", nest(32, "list"), "TOO_DEEP"],
    ["300,000 lists in the artifact", nest(300_000, "list"), "TOO_DEEP"],
    ["600,000 lists in the artifact", nest(600_000, "list"), "TOO_LONG"],
    ["300,000 objects in the artifact", nest(300_000, "struct"), "TOO_LONG"],
    [
      "an artifact of 400,000 keys",
      Buffer.concat(Array.from({ length: 400_000 }, (_, n) => wire.bytes(1, wire.bytes(1, n.toString(36))))),
      "TOO_LONG",
    ],
    ["an artifact of 2,000,000 equal keys", Buffer.alloc(4_000_000, wire.bytes(1, "")), ""],
    [
      "an artifact of 1,000,000 empty objects",
      Buffer.concat([entry("a", wire.bytes(6, Buffer.alloc(4_000_000, wire.bytes(1, wire.bytes(5, "")))))]),
      "TOO_LONG",
    ],
    ["a value merged 500,000 times", entry("a", Buffer.alloc(2_000_000, wire.bytes(5, wire.bytes(1, "")))), ""],
    ["a list merged 500,000 times", entry("a", Buffer.alloc(2_000_000, wire.bytes(6, wire.bytes(1, "")))), "TOO_LONG"],
    [
      "keys that differ only far behind",
      Buffer.concat(Array.from({ length: 1000 }, (_, n) => entry("x".repeat(3000) + n, wire.int(1, 0)))),
      "TOO_LONG",
    ],
  ])("judges %s in a moment", (_, struct, reason) => {
    const begin = process.cpuUsage();
    const result = outcome(recordToRow(withArtifact(struct), noStamps));
    const cpu = process.cpuUsage(begin);
    if (reason === "") expect(result).toMatch(/^{/);
    else expect(result).toEqual([`record.artifact: ${reason}`]);
    // Some tenths of a second at the most; what is quadratic takes minutes.
    expect((cpu.user + cpu.system) / 1e6).toBeLessThan(10);
  });

  test("merges an artifact that comes in pieces, in linear time", () => {
    const piece = wire.bytes(13, entry("a", wire.int(1, 0)));
    const pieces = Buffer.alloc(300_000 * piece.length, piece);
    expect(outcomeOf(bytesOf(goodRecord({ artifact: undefined })), pieces)).toContain('"artifact":{"a":null}');
  });

  test("does not judge the attempts of a list that is too long", () => {
    expect(outcomeOf(good, Buffer.alloc(2_000_000, wire.bytes(12, "")))).toEqual(["record.attempts: TOO_LONG"]);
  });

  test("refuses a row over 8 MiB", () => {
    const limit = 8 * 1024 * 1024;
    const error = Buffer.alloc(4000, 1);
    const attempts = Array.from({ length: 400 }, (_, n) =>
      wire.bytes(12, Buffer.concat([wire.int(1, n), wire.bytes(2, "no_json"), wire.bytes(3, error)])),
    );
    const base = goodRecord({
      final_verdict: "infra_error",
      artifact: undefined,
      grounded_in_roster: undefined,
      attempts: [],
    });
    const row = (count: number, prompt: string) => outcomeOf(bytesOf({ ...base, prompt }), ...attempts.slice(0, count));
    const count = 348;
    // A control character takes six bytes of a row.
    const missing = limit - row(count, "").length;
    const prompt = "\u0001".repeat(Math.floor(missing / 6)) + "x".repeat(missing % 6);
    expect(row(count, prompt)).toHaveLength(limit);
    expect(row(count, `${prompt}x`)).toEqual(["record: TOO_LONG"]);
  });

  test("says what was expected, and nothing of a prompt or an artifact", () => {
    const secret = "Ana Ruiz lives in\u0001";
    const record = goodRecord({
      session_id: secret,
      kind: secret,
      model: secret,
      prompt: secret,
      final_verdict: "rejected",
      iterations: -5,
      artifact: { [secret]: secret },
    });
    const result = sendJson(record);
    if (result.ok) expect.fail("accepted");
    const descriptions = Object.fromEntries(result.violations.map(({ field, description }) => [field, description]));
    expect(descriptions).toEqual({
      "record.session_id": "expected only A-Z a-z 0-9 . _ : -",
      "record.kind": "expected one of fill, email, playbook",
      "record.model": "expected no control characters",
      "record.iterations": "expected 0 to 1000, found -5",
      "record.final_verdict": 'expected one of accepted, max_iter_exhausted, infra_error, found "rejected"',
    });
  });
});
