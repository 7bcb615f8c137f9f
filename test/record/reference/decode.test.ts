import { SessionRecord } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { describe, expect, test } from "vitest";
import { decodeRecord } from "../../../src/record/reference/decode.js";
import { bytesOf, goodRecord, noStamps, recordToRow, wire } from "../support.js";

const good = bytesOf(goodRecord());

function decode(...parts: Buffer[]) {
  const decoded = decodeRecord(Buffer.concat(parts), 1000);
  if (!decoded.ok) throw new Error(decoded.fault);
  return decoded.record;
}

function faultOf(...parts: Buffer[]) {
  const decoded = decodeRecord(Buffer.concat(parts), 1000);
  return decoded.ok ? "" : decoded.fault;
}

describe("decodeRecord", () => {
  test("reads what ts-proto writes", () => {
    const record = {
      ...SessionRecord.decode(new Uint8Array()),
      schema: "s",
      session_id: "é".repeat(100),
      timestamp: { seconds: -62135596800, nanos: 999_999_999 },
      daemon: "d",
      kind: "k",
      model: "m",
      provider: "p",
      prompt: "🛠".repeat(300),
      iterations: -1,
      max_iterations: 2 ** 31 - 1,
      final_verdict: "v",
      attempts: [
        { iteration: -5, verdict_kind: "a", error: "b", span_id: "c" },
        { iteration: 0, verdict_kind: "", error: "", span_id: "" },
      ],
      grounded_in_roster: false,
      duration_ms: Number.MAX_SAFE_INTEGER,
    };
    expect(decode(Buffer.from(SessionRecord.encode(record).finish()))).toEqual({ ...record, artifact: undefined });
  });

  test("reads no bytes as a record of defaults", () => {
    expect(decode()).toMatchObject({ schema: "", timestamp: undefined, attempts: [], grounded_in_roster: undefined });
  });

  test("reads any Uint8Array, also one within a larger buffer", () => {
    const around = new Uint8Array([1, 2, ...good, 3]);
    const decoded = decodeRecord(around.subarray(2, 2 + good.length), 1000);
    expect(decoded).toEqual(decodeRecord(good, 1000));
  });

  test("lets the last scalar count and merges messages", () => {
    const record = decode(
      wire.bytes(5, "first"),
      wire.bytes(3, wire.int(1, 7)),
      wire.int(14, 1),
      wire.bytes(5, "last"),
      wire.bytes(3, wire.int(2, 8)),
      wire.int(14, 0),
    );
    expect(record).toMatchObject({ kind: "last", timestamp: { seconds: 7, nanos: 8 }, grounded_in_roster: false });
  });

  test("takes an empty Timestamp for 1970", () => {
    expect(decode(wire.bytes(3, "")).timestamp).toEqual({ seconds: 0, nanos: 0 });
  });

  test("passes over known fields of another wire type", () => {
    const record = decode(
      wire.int(1, 5),
      wire.double(2, 5),
      wire.int(3, 5),
      wire.bytes(9, "x"),
      wire.bytes(12, Buffer.concat([wire.bytes(1, "x"), wire.int(2, 5)])),
      wire.int(13, 5),
      wire.bytes(14, "x"),
      wire.bytes(15, "x"),
      wire.bytes(16, "unknown"),
    );
    const attempts = [{ iteration: 0, verdict_kind: "", error: "", span_id: "" }];
    expect(record).toEqual({ ...decode(), attempts });
  });

  test("reads integers of any size", () => {
    expect(decode(wire.int(9, -1), wire.int(10, 2n ** 40n + 3n), wire.int(15, 2n ** 63n - 1n))).toMatchObject({
      iterations: -1,
      max_iterations: 3,
      duration_ms: 2 ** 63,
    });
  });

  test("keeps one attempt more than there may be", () => {
    const bytes = Buffer.alloc(2 * 1_000_000, wire.bytes(12, ""));
    const decoded = decodeRecord(bytes, 1000);
    expect(decoded.ok && decoded.record.attempts.length).toBe(1001);
    expect(decodeRecord(Buffer.concat([bytes, wire.bytes(12, wire.bytes(2, Buffer.from([0xff])))]), 1000).ok).toBe(
      false,
    );
  });

  const bad = Buffer.from([0x61, 0xff]);
  const inArtifact = (value: Buffer) =>
    wire.bytes(13, wire.bytes(1, Buffer.concat([wire.bytes(1, "k"), wire.bytes(2, value)])));
  test.each([
    ["schema", wire.bytes(1, bad)],
    ["session_id", wire.bytes(2, bad)],
    ["daemon", wire.bytes(4, bad)],
    ["kind", wire.bytes(5, bad)],
    ["model", wire.bytes(6, bad)],
    ["provider", wire.bytes(7, bad)],
    ["prompt", wire.bytes(8, bad)],
    ["final_verdict", wire.bytes(11, bad)],
    ["verdict_kind of an attempt", wire.bytes(12, wire.bytes(2, bad))],
    ["error of an attempt", wire.bytes(12, wire.bytes(3, bad))],
    ["span_id of an attempt", wire.bytes(12, wire.bytes(4, bad))],
    ["a key of artifact", wire.bytes(13, wire.bytes(1, wire.bytes(1, bad)))],
    ["a text of artifact", inArtifact(wire.bytes(3, bad))],
    ["a text of artifact", inArtifact(wire.bytes(6, wire.bytes(1, wire.bytes(3, bad))))],
    ["a text of artifact", inArtifact(Buffer.concat([wire.bytes(3, bad), wire.int(1, 0)]))],
  ])("names %s when it is not valid UTF-8", (name, bytes) => {
    expect(faultOf(good, bytes, good)).toBe(`${name} is not valid UTF-8`);
  });

  test.each([
    ["a nested message that reaches beyond its parent", wire.bytes(12, Buffer.from([0x12, 5, 0x61]))],
    ["a Timestamp cut within a number", wire.bytes(3, Buffer.from([8, 0x80]))],
    ["a group that ends outside of its message", Buffer.concat([wire.bytes(12, wire.tag(9, 3)), wire.tag(9, 4)])],
    [
      "an entry that reaches beyond the artifact",
      Buffer.concat([wire.bytes(13, Buffer.from([0x0a, 4, 0x0a])), Buffer.alloc(9)]),
    ],
    ["groups 100,000 deep within an artifact", inArtifact(Buffer.alloc(100_000, wire.tag(9, 3)))],
    ["bytes that are no protobuf", Buffer.from("{}")],
  ])("refuses %s", (_, bytes) => {
    expect(faultOf(good, bytes)).not.toBe("");
  });

  test("refuses a record cut within a field, wherever", () => {
    // Between two fields of the record a prefix is a record of its own.
    const whole = new Set([0]);
    for (const field of fieldsOf(good)) whole.add(field);
    for (let length = 0; length < good.length; length++) {
      const result = recordToRow(good.subarray(0, length), {
        ...noStamps,
        session_id: () => "s",
        timestamp: () => ({ seconds: 0, nanos: 0 }),
      });
      const undecodable = !result.ok && result.violations.some(({ reason }) => reason === "INVALID_ENCODING");
      expect([length, undecodable]).toEqual([length, !whole.has(length)]);
      if (!result.ok && undecodable) expect(result.violations).toMatchObject([{ field: "record" }]);
    }
  });
});

/** Where the fields of a message end that has lengths below 128 and numbers below 128 only, and field 15 last. */
function fieldsOf(bytes: Buffer): number[] {
  const ends: number[] = [];
  for (let at = 0; at < bytes.length; ends.push(at)) {
    const type = (bytes[at] ?? 0) & 7;
    at += type === 2 ? 2 + (bytes[at + 1] ?? 0) : 2;
    if (at > bytes.length - 3) at = bytes.length;
  }
  return ends;
}
