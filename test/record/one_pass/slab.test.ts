import { SESSION_RECORD_FIELDS as RECORD } from "@sessionlog/protocol/gen/fields";
import { ATTEMPTS_MAX } from "@sessionlog/protocol/gen/limits";
import * as struct from "@sessionlog/protocol/wire/struct";
import { describe, expect, test } from "vitest";
import { RECORD_BYTES_MAX } from "../../../src/record/one_pass/slab.js";
import { bytesOf, goodRecord } from "../support.js";
import { double, entry, field } from "./random_values.js";
import { allStamps, fieldsOf, onePass, reference, withArtifact } from "./support.js";

describe("createSlab has room", () => {
  const fill = (part: Buffer, size: number) =>
    Buffer.concat(Array.from({ length: Math.floor(size / part.length) }, () => part));
  const list = (item: Buffer) => (size: number) =>
    withArtifact(entry("k", field(struct.VALUE_LIST, fill(field(struct.REPEATED, item), size))));
  const attempt = (...parts: Buffer[]) => parts;
  const shapes: Record<string, (size: number) => Buffer> = {
    "control characters": (size) => withArtifact(entry("k", field(struct.VALUE_STRING, "\u0001".repeat(size)))),
    "keys of control characters": (size) => withArtifact(entry("\u0001".repeat(size), field(struct.VALUE_NULL, 0))),
    "long numbers": list(double(struct.VALUE_NUMBER, -1.7976931348623157e308)),
    false: list(field(struct.VALUE_BOOL, 0)),
    "empty lists": list(field(struct.VALUE_LIST, "")),
    "empty objects": list(field(struct.VALUE_STRUCT, "")),
    "short control characters": list(field(struct.VALUE_STRING, "\u0001")),
    "attempts with a short error": (size) => {
      const fields = fieldsOf(
        bytesOf(
          goodRecord({
            final_verdict: "infra_error",
            attempts: [],
            artifact: undefined,
            grounded_in_roster: undefined,
          }),
        ),
      );
      const count = Math.min(ATTEMPTS_MAX, Math.floor(size / 20));
      const rows = Array.from({ length: count }, (_, index) =>
        field(
          RECORD.attempts.tag,
          Buffer.concat(attempt(field(8, index + 1), field(18, "no_json"), field(26, "\u0001"), field(34, "x"))),
        ),
      );
      return Buffer.concat([...fields.slice(0, -1), ...rows]);
    },
  };

  test.each(Object.entries(shapes))("for %s, at the end of its memory as well", (name, make) => {
    const kept: { row: Buffer; wanted: string }[] = [];
    for (let size = 1; size < RECORD_BYTES_MAX - 1000; size = Math.ceil(size * 1.3)) {
      const bytes = make(size);
      const wanted = reference(bytes, allStamps);
      const found = onePass(bytes, allStamps);
      if (!wanted.ok || found === undefined)
        throw new Error(`${name} of ${size}: ${JSON.stringify(wanted).slice(0, 200)}`);
      kept.push({ row: found.row, wanted: wanted.row.toString() });
    }
    // All rows at the end: none was written over by a later one.
    for (const { row, wanted } of kept) expect(row.toString() === wanted).toBe(true);
  });

  test("for rows up to the last byte of each piece of memory", () => {
    const rows: Buffer[] = [];
    const memories = new Set<ArrayBufferLike>();
    const bytes = bytesOf(goodRecord());
    const wanted = reference(bytes, allStamps);
    for (; memories.size < 4; ) {
      const found = onePass(bytes, allStamps);
      if (found === undefined || !wanted.ok) throw new Error("it is regular");
      rows.push(found.row);
      memories.add(found.row.buffer);
    }
    for (const row of rows) expect(wanted.ok && wanted.row.equals(row)).toBe(true);
  });

  test("and leaves records that are larger", () => {
    const make = shapes["control characters"];
    expect(make === undefined ? "" : onePass(make(RECORD_BYTES_MAX), allStamps)).toBeUndefined();
  });
});
