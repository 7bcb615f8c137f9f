import { describe, expect, test } from "vitest";
import { wire } from "../../../test/record/support.js";
import {
  type Cursor,
  createCursor,
  readBytes,
  readInt32,
  readInt64,
  readMessage,
  readTag,
  readText,
  readUint64,
  skipField,
} from "../../src/wire/reader.js";

function read<Value>(bytes: Buffer, reader: (cursor: Cursor) => Value) {
  const cursor = createCursor(bytes);
  const value = reader(cursor);
  return { value, fault: cursor.fault, at: cursor.at };
}

describe("readInt64", () => {
  test.each([
    [0n, 0],
    [1n, 1],
    [-1n, -1],
    [127n, 127],
    [128n, 128],
    [2n ** 28n, 2 ** 28],
    [2n ** 31n, 2 ** 31],
    [2n ** 32n + 5n, 2 ** 32 + 5],
    [2n ** 35n - 1n, 2 ** 35 - 1],
    [2n ** 53n - 1n, 2 ** 53 - 1],
    [2n ** 53n, 2 ** 53],
    [-(2n ** 53n), -(2 ** 53)],
    [2n ** 63n - 1n, 2 ** 63],
    [-(2n ** 63n), -(2 ** 63)],
  ])("reads %s", (sent, value) => {
    expect(read(wire.varint(sent), readInt64)).toMatchObject({ value, fault: "" });
  });

  test.each([
    ["eleven bytes", Buffer.from([...Array(10).fill(0x80), 0]), "a number has more than 10 bytes"],
    ["65 bits", Buffer.from([...Array(9).fill(0x80), 2]), "a number has more than 64 bits"],
    ["no last byte", Buffer.from([0x80]), "a number is cut off"],
    ["no byte", Buffer.alloc(0), "a number is cut off"],
  ])("refuses %s", (_, bytes, fault) => {
    expect(read(bytes, readInt64)).toMatchObject({ fault, at: bytes.length });
  });
});

describe("readInt32", () => {
  test("takes the low 32 bits", () => {
    expect(read(wire.varint(-1), readInt32).value).toBe(-1);
    expect(read(wire.varint(2n ** 32n + 7n), readInt32).value).toBe(7);
    expect(read(wire.varint(2n ** 31n), readInt32).value).toBe(-(2 ** 31));
  });

  test("takes a number with needless bytes", () => {
    expect(read(Buffer.from([0x81, 0x80, 0x80, 0]), readInt32)).toMatchObject({ value: 1, fault: "" });
  });
});

test("readUint64 reads what readInt64 takes for negative", () => {
  expect(read(wire.varint(2n ** 63n), readUint64)).toMatchObject({ value: 2 ** 63, fault: "" });
});

describe("readBytes", () => {
  test("returns a view", () => {
    const bytes = Buffer.from([2, 7, 8, 9]);
    const { value, at } = read(bytes, readBytes);
    expect([...value]).toEqual([7, 8]);
    expect(value.buffer).toBe(bytes.buffer);
    expect(at).toBe(3);
  });

  test("is empty where a length reaches beyond the end", () => {
    expect(read(Buffer.from([2, 7]), readBytes)).toMatchObject({
      value: { length: 0 },
      fault: "a length reaches beyond the end",
    });
  });
});

describe("readMessage", () => {
  const read_fields = (bytes: Buffer) => {
    const cursor = createCursor(bytes);
    const found: number[] = [];
    readMessage(cursor, () => found.push(readInt32(cursor)));
    return { found, at: cursor.at, end: cursor.end, fault: cursor.fault };
  };

  test("ends with the message, and what is around it goes on", () => {
    const bytes = Buffer.concat([Buffer.of(4), wire.int(1, 5), wire.int(1, 6), wire.int(1, 7)]);
    expect(read_fields(bytes)).toEqual({ found: [5, 6], at: 5, end: 7, fault: "" });
  });

  test("reads nothing beyond the message", () => {
    expect(read_fields(Buffer.of(1, 8, 5)).fault).toBe("a number is cut off");
  });
});

test("a fault keeps its place", () => {
  const cursor = createCursor(Buffer.from([8, 1, 0x80]));
  skipField(cursor, readTag(cursor));
  readTag(cursor);
  expect(cursor).toMatchObject({ fault: "a number is cut off", fault_at: 3, at: 3 });
});

describe("readText", () => {
  test.each(["", "short", "x".repeat(1000), "é", `${"x".repeat(1000)}🛠`, "nul \0 in it"])("reads %j", (text) => {
    const content = Buffer.from(text);
    const bytes = Buffer.concat([wire.varint(content.length), content, Buffer.from("more")]);
    const at = bytes.length - 4;
    expect(read(bytes, (cursor) => readText(cursor, "text"))).toEqual({ value: text, fault: "", at });
  });

  test.each([
    ["a byte of no character", [0xff]],
    ["half a character", [0xc3]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["a long form", [0xc0, 0x80]],
    ["beyond U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
    ["a byte late in a long text", [...Array(500).fill(0x61), 0x80]],
  ])("refuses %s", (_, content) => {
    const bytes = Buffer.concat([wire.varint(content.length), Buffer.from(content)]);
    expect(read(bytes, (cursor) => readText(cursor, "text")).fault).toBe("text is not valid UTF-8");
  });
});

describe("skipField", () => {
  const skip = (bytes: Buffer) => read(bytes, (cursor) => skipField(cursor, readTag(cursor)));
  const group = (number: number, content: Buffer) => Buffer.concat([wire.tag(number, 3), content, wire.tag(number, 4)]);

  test.each([
    ["a varint", wire.int(99, 2n ** 63n)],
    ["eight bytes", wire.double(99, 1)],
    ["four bytes", Buffer.concat([wire.tag(99, 5), Buffer.alloc(4)])],
    ["a length", wire.bytes(99, "anything")],
    ["an empty group", group(99, Buffer.alloc(0))],
    [
      "groups in a group",
      group(99, Buffer.concat([group(1, wire.int(2, 3)), wire.bytes(4, "x"), group(1, group(7, Buffer.alloc(0)))])),
    ],
    ["the largest field number", wire.int(2 ** 29 - 1, 1)],
  ])("skips %s", (_, bytes) => {
    expect(skip(bytes)).toMatchObject({ fault: "", at: bytes.length });
  });

  test.each([
    ["a group's end without its beginning", wire.tag(9, 4), "a group ends that did not begin"],
    ["another group's end", Buffer.concat([wire.tag(9, 3), wire.tag(8, 4)]), "a group ends that did not begin"],
    ["a group without end", Buffer.concat([wire.tag(9, 3), wire.int(1, 1)]), "a number is cut off"],
    ["wire type 6", wire.tag(9, 6), "a field has an unknown wire type"],
    ["wire type 7", wire.tag(9, 7), "a field has an unknown wire type"],
    ["field number 0", Buffer.from([2]), "a field has the number 0"],
    ["field number 0 in a group", Buffer.concat([wire.tag(9, 3), Buffer.from([0, 0])]), "a field has the number 0"],
    ["a field number of 30 bits", wire.varint(2n ** 32n), "a field number is too large"],
    ["eight bytes cut off", Buffer.concat([wire.tag(9, 1), Buffer.alloc(7)]), "a field is cut off"],
    ["four bytes cut off", Buffer.concat([wire.tag(9, 5), Buffer.alloc(3)]), "a field is cut off"],
    [
      "a length beyond the end",
      Buffer.concat([wire.tag(9, 2), Buffer.from([2, 0])]),
      "a length reaches beyond the end",
    ],
    ["a length of 2^64 - 1", Buffer.concat([wire.tag(9, 2), wire.varint(-1)]), "a length reaches beyond the end"],
    ["groups 100,000 deep", Buffer.alloc(100_000, wire.tag(9, 3)), "groups are nested over 100 deep"],
  ])("refuses %s", (_, bytes, fault) => {
    expect(skip(bytes)).toMatchObject({ fault, at: bytes.length });
  });
});
