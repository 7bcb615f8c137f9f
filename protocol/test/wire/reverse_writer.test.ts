import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { wire } from "../../../test/record/support.js";
import {
  createReverseWriter,
  type ReverseWriter,
  writeDouble,
  writeInteger,
  writeLength,
  writeText,
  writeVarint,
  writtenBytes,
  writtenLength,
} from "../../src/wire/reverse_writer.js";

function written(write: (writer: ReverseWriter) => void): Buffer {
  const writer = createReverseWriter();
  write(writer);
  return writtenBytes(writer);
}

describe("createReverseWriter", () => {
  test("puts what is written later before", () => {
    const bytes = written((writer) => {
      writeText(writer, "🛠");
      const mark = writtenLength(writer);
      writeDouble(writer, 1.5);
      writeVarint(writer, 300);
      writeLength(writer, mark);
    });
    expect(bytes.toString("hex")).toBe(`0a${"ac02"}${"000000000000f83f"}${"04f09f9ba0"}`);
  });

  test("grows at any size", () => {
    for (let before = 1000; before < 1030; before++) {
      const text = "x".repeat(before);
      const bytes = written((writer) => {
        writeText(writer, text);
        writeInteger(writer, -1n);
        writeDouble(writer, 1);
        writeVarint(writer, 2 ** 40);
      });
      expect(bytes).toEqual(
        Buffer.concat([
          wire.varint(2 ** 40),
          wire.double(0, 1).subarray(1),
          wire.varint(-1),
          wire.bytes(0, text).subarray(1),
        ]),
      );
    }
  });
});

describe("writeVarint", () => {
  test("writes a varint", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        expect(written((writer) => writeVarint(writer, value))).toEqual(wire.varint(value));
      }),
    );
  });
});

describe("writeInteger", () => {
  test("writes 64 bits, also of what is negative", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        expect(written((writer) => writeInteger(writer, value))).toEqual(wire.varint(value));
      }),
    );
  });
});
