import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import { SESSION_RECORD_FIELDS as RECORD } from "@sessionlog/protocol/gen/fields";
import { sessionSchema } from "@sessionlog/protocol/gen/session_schema";
import { describe, expect, test } from "vitest";
import { readGoldenAccepts, readGoldenRejects } from "../../support/golden.js";
import { createRandom } from "../../support/random.js";
import { bytesOf, goodRecord } from "../support.js";
import { createRandomRecords } from "./random_records.js";
import { field } from "./random_values.js";
import { allStamps, createEquality, fieldsOf, KINDS, reference } from "./support.js";

const { prompt, attempts, artifact } = sessionSchema.properties;
const LIMITS = {
  prompt_length_max: prompt.maxLength,
  error_length_max: attempts.items.properties.error.maxLength,
  attempts_max: attempts.maxItems,
  artifact_depth_max: artifact.maxJsonDepth,
};

/** The long form sets how many records are compared, from which seed, and where its figures go. */
const { EQUALITY_RECORDS, EQUALITY_SEED = "1", EQUALITY_FIGURES } = process.env;
const TIMEOUT_MS = EQUALITY_RECORDS === undefined ? 60_000 : 3_600_000;
const PARTS = [0, 1, 2, 3];

const goldens = [
  ...readGoldenAccepts().map(({ name, send }) => ({ name, bytes: bytesOf(send) })),
  ...readGoldenRejects().flatMap(({ name, send }) => bytesOrNone(name, send)),
];

/** Some of the rejected have no bytes, as ProtoJSON is refused already. */
function bytesOrNone(name: string, send: unknown): { name: string; bytes: Buffer }[] {
  try {
    return [{ name, bytes: bytesOf(send) }];
  } catch {
    return [];
  }
}

describe("createOnePass does as the reference path does", () => {
  test.each(PARTS)(
    "with random and changed records, part %i",
    (part) => {
      const { counts, compare } = createEquality();
      const random = createRandom(Number(EQUALITY_SEED) * PARTS.length + part);
      const records = createRandomRecords(random, KINDS.slice(0, 3), LIMITS);
      const pairs = Number(EQUALITY_RECORDS ?? 20_000) / PARTS.length / 2;
      const unchanged = { accepted: 0, taken: 0 };
      for (let pair = 0; pair < pairs; pair++) {
        const bytes = records.record();
        const { accepted } = counts;
        if (compare(bytes, `record ${pair}`)) unchanged.taken++;
        unchanged.accepted += counts.accepted - accepted;
        compare(records.mutated(bytes), `changed record ${pair}`);
      }
      if (EQUALITY_FIGURES !== undefined)
        appendFileSync(EQUALITY_FIGURES, `${JSON.stringify({ ...counts, unchanged })}\n`);
      expect(counts.accepted).toBeGreaterThan(pairs * 0.4);
      expect(unchanged.taken / unchanged.accepted).toBeGreaterThan(0.6);
    },
    TIMEOUT_MS,
  );

  test("with every golden record", () => {
    const { counts, compare } = createEquality();
    const left = goldens.filter(({ name, bytes }) => !compare(bytes, name) && reference(bytes, allStamps).ok);
    expect(left.map(({ name }) => name)).toEqual(["timestamp before 1970", "artifact keys in UTF-16 order"]);
    expect(counts.accepted).toBeGreaterThanOrEqual(40);
  });

  test("with every prefix of a golden record, and every field of it missing, doubled or before its neighbour", () => {
    const { counts, compare } = createEquality();
    for (const { name, bytes } of goldens) {
      for (let end = 0; end < Math.min(bytes.length, 4000); end++)
        compare(bytes.subarray(0, end), `${name}: ${end} bytes`);
      const fields = fieldsOf(bytes);
      for (const index of fields.keys()) {
        const [before, [own, next], after] = [fields.slice(0, index), fields.slice(index), fields.slice(index + 1)];
        if (own === undefined) continue;
        compare(Buffer.concat([...before, ...after]), `${name}: without field ${index}`);
        compare(Buffer.concat([...before, own, own, ...after]), `${name}: field ${index} twice`);
        if (next !== undefined)
          compare(Buffer.concat([...before, next, own, ...after.slice(1)]), `${name}: field ${index} late`);
      }
    }
    expect(counts.compared).toBeGreaterThan(10_000);
  });

  test("with times, numbers and tags at the edges", () => {
    const { compare } = createEquality();
    const head = fieldsOf(bytesOf(goodRecord())).slice(0, 2);
    const rest = fieldsOf(bytesOf(goodRecord())).slice(3, -1);
    for (const seconds of [0, 1, 86_399, 86_400, 951_782_400, 253_402_300_799, 253_402_300_800, 1_234_567_890 * 86_400])
      for (const nanos of [0, 1, 10, 999_999_999, 1_000_000_000])
        for (const duration_ms of [0, 9, 10, 99, 100, 1e9 - 1, 1e9, 2 ** 53 - 1, 2n ** 53n, 2n ** 63n]) {
          const time = Buffer.concat([field(8, BigInt(seconds)), field(16, nanos)]);
          const record = [
            ...head,
            field(RECORD.timestamp.tag, time),
            ...rest,
            field(RECORD.duration_ms.tag, duration_ms),
          ];
          compare(Buffer.concat(record), `${seconds} ${nanos} ${duration_ms}`);
        }
  });
});

describe("createOnePass takes", () => {
  test("what every client sends", () => {
    const folder = new URL("corpus/", import.meta.url);
    const files = readdirSync(folder).filter((name) => name.endsWith(".hex"));
    expect(files).toEqual(["go.hex", "java.hex", "python.hex", "rust.hex", "sessionlog-append.hex", "typescript.hex"]);
    for (const file of files) {
      const { counts, compare } = createEquality();
      for (const line of readFileSync(new URL(file, folder), "utf8").trim().split("\n"))
        compare(Buffer.from(line, "hex"), file);
      expect({ file, taken: counts.taken }).toEqual({ file, taken: counts.compared });
    }
  });

  test("a record that leaves everything to the stamps", () => {
    const bytes = bytesOf(goodRecord({ schema: "", session_id: "", timestamp: undefined, daemon: "" }));
    expect(createEquality().compare(bytes, "stamps")).toBe(true);
  });

  test("no stamp that the reference path refuses", () => {
    const bytes = bytesOf(goodRecord({ session_id: "", timestamp: undefined, daemon: "" }));
    for (const stamp of [
      { session_id: () => "" },
      { session_id: () => "a b" },
      { session_id: () => "é" },
      { session_id: () => "x".repeat(129) },
      { daemon: "" },
      { daemon: "a:b" },
      { timestamp: () => ({ seconds: 253_402_300_800, nanos: 0 }) },
      { timestamp: () => ({ seconds: 0, nanos: -1 }) },
    ]) {
      expect(createEquality({ ...allStamps, ...stamp }).compare(bytes, "stamps")).toBe(false);
    }
  });
});
