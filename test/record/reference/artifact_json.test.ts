import { createCursor } from "@sessionlog/protocol/wire/reader";
import { createReverseWriter, writtenBytes } from "@sessionlog/protocol/wire/reverse_writer";
import { writeStruct } from "@sessionlog/protocol/wire/struct";
import { describe, expect, test } from "vitest";
import { type Artifact, printArtifact } from "../../../src/record/reference/artifact_json.js";
import { createContainer, readStruct } from "../../../src/record/reference/artifact_tree.js";

function print(json: object, stop_bytes = 1000): Artifact {
  const writer = createReverseWriter();
  writeStruct(writer, json);
  const artifact = createContainer(false);
  readStruct(createCursor(writtenBytes(writer)), artifact);
  return printArtifact(artifact, stop_bytes);
}

describe("printArtifact", () => {
  // The example of RFC 8785, section 3.2.3.
  test("sorts keys by UTF-16 code units", () => {
    const keys = ["\u20ac", "\r", "\ufb33", "1", "\u{1f600}", "\u0080", "\u00f6"];
    const sorted = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\u{1f600}", "\ufb33"];
    const { json } = print(Object.fromEntries(keys.map((key) => [key, 1])));
    expect(json).toBe(`{${sorted.map((key) => `${JSON.stringify(key)}:1`).join(",")}}`);
  });

  // RFC 8785, appendix B.
  test.each([
    [0, "0"],
    [-0, "0"],
    [5e-324, "5e-324"],
    [-5e-324, "-5e-324"],
    [1.7976931348623157e308, "1.7976931348623157e+308"],
    [9007199254740992, "9007199254740992"],
    [295147905179352830000, "295147905179352830000"],
    [9.999999999999997e22, "9.999999999999997e+22"],
    [1e23, "1e+23"],
    [999999999999999700000, "999999999999999700000"],
    [1e21, "1e+21"],
    [9.999999999999997e-7, "9.999999999999997e-7"],
    [0.000001, "0.000001"],
    [333333333.3333332, "333333333.3333332"],
    [-0.0000033333333333333333, "-0.0000033333333333333333"],
  ])("prints %d as ECMAScript does", (number, text) => {
    expect(print({ n: number }).json).toBe(`{"n":${text}}`);
  });

  test("measures bytes of UTF-8 and levels", () => {
    expect(print({ é: "🛠" })).toMatchObject({ bytes: 13, depth: 1 });
    expect(print({ a: [[{}], { b: [] }] })).toMatchObject({ depth: 4 });
  });

  test("stops when it is over", () => {
    const whole = print({ a: "x".repeat(90) });
    expect(whole.bytes).toBe(98);
    expect(print({ a: "x".repeat(90) }, 98)).toEqual(whole);
    expect(print({ a: "x".repeat(90) }, 97).bytes).toBeGreaterThan(97);
    expect(print({ a: Array(100_000).fill("x".repeat(20)) }, 97).bytes).toBeLessThan(200);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("tells where %d is", (number) => {
    expect(print({ b: 1, a: [0, { score: number }], c: number }).not_finite_at).toBe("artifact.a[1].score");
  });

  test("does not show keys that may be anyone's data", () => {
    const { not_finite_at } = print({ "Ana Ruiz": { [`k${"x".repeat(50)}`]: Number.NaN } });
    expect(not_finite_at).toBe("artifact.(key).(key)");
  });

  test("tells the first steps only of a long way", () => {
    let json: object = { a: Number.NaN };
    for (let level = 0; level < 1000; level++) json = { a: json };
    expect(print(json, 1e6).not_finite_at).toBe(`artifact${".a".repeat(8)}…`);
  });
});
