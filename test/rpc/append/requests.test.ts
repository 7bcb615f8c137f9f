import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { encodeAppendRequest, encodeBatchRequest } from "@sessionlog/client/rpc/requests";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readAppendRequest, readBatchRequest } from "../../../src/rpc/append/requests.js";

const bytes = (...values: number[]) => Buffer.from(values);

describe("readAppendRequest", () => {
  test("reads the record as a view and validate_only", () => {
    const request = encodeAppendRequest(bytes(1, 2, 3), true);
    const scanned = readAppendRequest(request);
    expect(scanned).toMatchObject({ ok: true, validate_only: true });
    if (!scanned.ok || scanned.record === undefined) throw new Error("no record");
    expect([...scanned.record]).toEqual([1, 2, 3]);
    expect(scanned.record.buffer).toBe(request.buffer);
  });

  test("tells no record from an empty one", () => {
    expect(readAppendRequest(bytes())).toEqual({ ok: true, record: undefined, validate_only: false });
    expect(readAppendRequest(bytes(0x0a, 0x00))).toMatchObject({ ok: true, record: bytes() });
  });

  test("joins the pieces of a record that came in several", () => {
    const scanned = readAppendRequest(bytes(0x0a, 2, 1, 2, 0x10, 1, 0x0a, 1, 3));
    expect(scanned).toMatchObject({ ok: true, validate_only: true });
    if (scanned.ok) expect([...(scanned.record ?? [])]).toEqual([1, 2, 3]);
  });

  test("takes the last validate_only, and any bit of it", () => {
    expect(readAppendRequest(bytes(0x10, 1, 0x10, 0))).toMatchObject({ validate_only: false });
    expect(readAppendRequest(bytes(0x10, 0x80, 0x80, 0x01))).toMatchObject({ validate_only: true });
  });

  test.each([
    ["a varint", [0x18, 0x96, 0x01]],
    ["eight bytes", [0x19, 1, 2, 3, 4, 5, 6, 7, 8]],
    ["four bytes", [0x1d, 1, 2, 3, 4]],
    ["a length", [0x1a, 2, 1, 2]],
    ["a group that holds a group", [0x1b, 0x23, 0x08, 1, 0x24, 0x0a, 1, 9, 0x1c]],
    ["record as a varint", [0x08, 1]],
    ["validate_only as a string", [0x12, 1, 1]],
    ["the highest field number", [0xf8, 0xff, 0xff, 0xff, 0x0f, 1]],
  ])("skips an unknown field: %s", (_name, field) => {
    const scanned = readAppendRequest(bytes(...field, 0x0a, 1, 7));
    expect(scanned).toMatchObject({ ok: true, record: bytes(7), validate_only: false });
  });

  test.each([
    ["a tag that is cut off", [0x80]],
    ["a tag over 32 bits", [0xff, 0xff, 0xff, 0xff, 0x1f]],
    ["a tag of six bytes", [0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
    ["field number 0", [0x02, 0]],
    ["wire type 6", [0x0e]],
    ["wire type 7", [0x0f]],
    ["a record that is cut off", [0x0a, 5, 1, 2]],
    ["a record without length", [0x0a]],
    ["a length over 2^53", [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ["a varint of eleven bytes", [0x10, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
    ["a varint that is cut off", [0x10, 0x80]],
    ["eight bytes that are cut off", [0x19, 1, 2]],
    ["four bytes that are cut off", [0x1d, 1]],
    ["a group that does not end", [0x1b, 0x08, 1]],
    ["a group that ends as another", [0x1b, 0x24]],
    ["a group that did not begin", [0x1c]],
    ["groups without end", Array.from({ length: 1_000 }, () => 0x1b)],
  ])("refuses %s", (_name, request) => {
    expect(readAppendRequest(bytes(...request))).toMatchObject({
      ok: false,
      description: expect.stringMatching(/not a protobuf message: .* at byte \d+/),
    });
  });

  test("finds record and validate_only among any other fields", () => {
    const record = fc.uint8Array({ maxLength: 200 }).map((value) => ({ record: value }));
    const validate_only = fc.boolean().map((value) => ({ validate_only: value }));
    const unknown = fc
      .tuple(fc.integer({ min: 3, max: 0x1fff_ffff }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.uint8Array())
      .map(([field, number, text]) => ({ unknown: { field, number, text } }));
    fc.assert(
      fc.property(fc.array(fc.oneof(record, validate_only, unknown)), (fields) => {
        const request = new BinaryWriter();
        const pieces: Uint8Array[] = [];
        let last = false;
        for (const field of fields) {
          if ("record" in field) {
            request.tag(1, WireType.LengthDelimited).bytes(field.record);
            pieces.push(field.record);
          } else if ("validate_only" in field) {
            request.tag(2, WireType.Varint).bool(field.validate_only);
            last = field.validate_only;
          } else {
            request.tag(field.unknown.field, WireType.Varint).uint64(field.unknown.number);
            request.tag(field.unknown.field, WireType.LengthDelimited).bytes(field.unknown.text);
          }
        }
        const scanned = readAppendRequest(request.finish());
        if (!scanned.ok) throw new Error(scanned.description);
        expect(scanned.validate_only).toBe(last);
        expect(scanned.record === undefined).toBe(pieces.length === 0);
        expect(Buffer.concat([scanned.record ?? bytes()])).toEqual(Buffer.concat(pieces));
      }),
    );
  });
});

describe("readBatchRequest", () => {
  test("reads records in order, as views", () => {
    const request = encodeBatchRequest([bytes(1), bytes(), bytes(2, 3)]);
    const scanned = readBatchRequest(request, 10);
    if (!scanned.ok) throw new Error(scanned.description);
    expect(scanned.records.map((record) => [...record])).toEqual([[1], [], [2, 3]]);
    expect(scanned.records[2]?.buffer).toBe(request.buffer);
  });

  test("stops one record past the maximum, whatever comes then", () => {
    const request = Buffer.concat([encodeBatchRequest([bytes(), bytes(), bytes()]), bytes(0x0f)]);
    expect(readBatchRequest(request, 2)).toMatchObject({ ok: true, records: { length: 3 } });
    expect(readBatchRequest(request, 3)).toMatchObject({ ok: false });
  });
});
