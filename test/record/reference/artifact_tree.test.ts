import { createCursor } from "@sessionlog/protocol/wire/reader";
import { describe, expect, test } from "vitest";
import { type Artifact, printArtifact } from "../../../src/record/reference/artifact_json.js";
import { createContainer, readStruct } from "../../../src/record/reference/artifact_tree.js";
import { nest, wire } from "../support.js";

const MEBIBYTE = 1024 * 1024;

/** Reads Structs one after the other into one, as a record's repeated occurrences of artifact are. */
function artifactOf(structs: readonly Buffer[], stop_bytes = MEBIBYTE): Artifact {
  const artifact = createContainer(false);
  for (const struct of structs) {
    const cursor = createCursor(struct);
    readStruct(cursor, artifact);
    if (cursor.fault !== "") throw new Error(cursor.fault);
  }
  return printArtifact(artifact, stop_bytes);
}

const jsonOf = (...structs: Buffer[]) => artifactOf(structs).json;

const text = (value: string) => wire.bytes(3, value);
const struct = (...entries: Buffer[]) => wire.bytes(5, Buffer.concat(entries));
const list = (...values: Buffer[]) => wire.bytes(6, Buffer.concat(values.map((value) => wire.bytes(1, value))));
const entry = (key: string, ...value: Buffer[]) =>
  wire.bytes(1, Buffer.concat([wire.bytes(1, key), wire.bytes(2, Buffer.concat(value))]));

describe("readStruct", () => {
  test("reads every kind of value", () => {
    const entries = [
      entry("list", list(wire.int(1, 0), text("a"), list(), struct())),
      entry("null", wire.int(1, 0)),
      entry("number", wire.double(2, -1.5)),
      entry("struct", struct(entry("k", text("v")))),
      entry("text", text('"\n🛠')),
      entry("true", wire.int(4, 1)),
      entry("zfalse", wire.int(4, 0)),
    ];
    expect(jsonOf(...entries)).toBe(
      '{"list":[null,"a",[],{}],"null":null,"number":-1.5,"struct":{"k":"v"},"text":"\\"\\n🛠","true":true,"zfalse":false}',
    );
  });

  test("takes a value without a kind, and an entry without a value, for null", () => {
    expect(jsonOf(entry("a"), wire.bytes(1, wire.bytes(1, "b")), entry("c", list(Buffer.alloc(0))))).toBe(
      '{"a":null,"b":null,"c":[null]}',
    );
  });

  test("takes an entry without a key for the empty key", () => {
    expect(jsonOf(wire.bytes(1, wire.bytes(2, wire.int(4, 1))))).toBe('{"":true}');
  });

  test("takes null for any number of the enum", () => {
    expect(jsonOf(entry("a", wire.int(1, 77)))).toBe('{"a":null}');
  });

  test("lets the last of equal keys count, also over several occurrences of the message", () => {
    expect(jsonOf(entry("a", struct(entry("x", text("1")))), entry("b"), entry("a", struct(entry("y"))))).toBe(
      '{"a":{"y":null},"b":null}',
    );
  });

  test("lets the last kind of a oneof count", () => {
    expect(jsonOf(entry("a", text("x"), wire.double(2, 1)), entry("b", struct(entry("x")), list()))).toBe(
      '{"a":1,"b":[]}',
    );
    expect(jsonOf(entry("a", struct(entry("x")), wire.int(4, 1), struct(entry("y"))))).toBe('{"a":{"y":null}}');
  });

  test("merges the same message kind of a oneof", () => {
    expect(jsonOf(entry("a", struct(entry("x")), struct(entry("y"), entry("x", text("new")))))).toBe(
      '{"a":{"x":"new","y":null}}',
    );
    expect(jsonOf(entry("a", list(text("1")), list(text("2"))))).toBe('{"a":["1","2"]}');
  });

  test("merges several values of one entry, and takes its last key", () => {
    const parts = [
      wire.bytes(1, "a"),
      wire.bytes(2, list(text("1"))),
      wire.bytes(1, "b"),
      wire.bytes(2, list(text("2"))),
    ];
    expect(jsonOf(wire.bytes(1, Buffer.concat(parts)))).toBe('{"b":["1","2"]}');
  });

  test("passes over unknown fields and other wire types everywhere", () => {
    const unknown = Buffer.concat([wire.bytes(99, "x"), wire.int(98, 1), wire.tag(97, 3), wire.tag(97, 4)]);
    const value = Buffer.concat([
      unknown,
      wire.bytes(1, "x"),
      wire.int(2, 1),
      wire.int(3, 1),
      wire.bytes(4, "x"),
      wire.int(5, 1),
    ]);
    const listed = wire.bytes(
      6,
      Buffer.concat([unknown, wire.int(1, 1), wire.bytes(1, Buffer.concat([value, text("t")]))]),
    );
    const entries = Buffer.concat([wire.bytes(1, "k"), unknown, wire.int(1, 5), wire.int(2, 5), wire.bytes(2, listed)]);
    expect(jsonOf(Buffer.concat([unknown, wire.int(1, 1), wire.bytes(1, entries)]))).toBe('{"k":["t"]}');
  });

  test("keeps names that JavaScript treats specially", () => {
    const keys = ["__proto__", "constructor", "hasOwnProperty", "toString", "valueOf", "10", "9", "-0"];
    expect(JSON.parse(jsonOf(...keys.map((key) => entry(key, text(key)))))).toEqual(
      JSON.parse(`{${keys.map((key) => `"${key}":"${key}"`).join(",")}}`),
    );
  });

  test.each(["list", "struct"] as const)("reads a %s 300,000 levels deep", (kind) => {
    const { depth, bytes } = artifactOf([nest(300_000, kind)], 10 * MEBIBYTE);
    expect(depth).toBe(300_001);
    // {"": … } around lists, which are [], or around {"": … } with {} as the last.
    expect(bytes).toBe(kind === "list" ? 5 + 2 * 300_000 : 5 * 300_000 + 2);
  });
});
