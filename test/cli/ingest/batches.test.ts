import { SessionRecord } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { describe, expect, test } from "vitest";
import { type Batch, createRecordReader, cutBatches, type RowStamps } from "../../../src/cli/ingest/batches.js";
import type { Line } from "../../../src/cli/ingest/lines.js";
import { rowText } from "../support.js";

async function cut(
  texts: readonly string[],
  limits: { max_rows?: number; max_bytes?: number; stamps?: RowStamps } = {},
) {
  const lines = texts.map((text, index): Line => ({ number: index + 1, bytes: Buffer.from(text), ending: "\n" }));
  const chunks = (async function* () {
    yield lines.slice(0, 1);
    yield lines.slice(1);
  })();
  const { max_rows = 500, max_bytes = 1_000_000, stamps } = limits;
  const batches: Batch[] = [];
  const readRow = createRecordReader(stamps);
  for await (const batch of cutBatches(chunks, { max_rows, max_bytes, readRow })) batches.push(batch);
  return batches;
}

const stamps: RowStamps = { session_id: () => "stamped", now_ms: () => Date.UTC(2026, 0, 1) + 123.456789 };

describe("cutBatches", () => {
  test.each<[string, object, number[]]>([
    ["count", { max_rows: 2 }, [2, 4, 5]],
    ["bytes", { max_bytes: 2 * rowText().length + 1 }, [3, 5]],
    ["bytes, where each line is beyond them", { max_bytes: 10 }, [1, 2, 3, 4, 5]],
    ["neither when all fit", {}, [5]],
  ])("cutBatches cuts by %s", async (_what, limits, last_lines) => {
    const texts = [rowText(), rowText(), "{", rowText(), rowText()];
    const batches = await cut(texts, limits);
    expect(batches.map(({ last_line }) => last_line)).toEqual(last_lines);
    expect(batches.flatMap(({ refused }) => refused.map(({ line }) => line.number))).toEqual([3]);
    expect(batches.flatMap(({ rows }) => rows.map(({ line }) => line.number))).toEqual([1, 2, 4, 5]);
  });

  test("cutBatches counts the bytes of records that are larger than their lines", async () => {
    const lines = [1, 2, 3].map((number): Line => ({ number, bytes: Buffer.from("{}"), ending: "\n" }));
    const readRow = (line: Line) => ({ line, record: Buffer.alloc(100) });
    const chunks = (async function* () {
      yield lines;
    })();
    const batches: Batch[] = [];
    for await (const batch of cutBatches(chunks, { max_rows: 9, max_bytes: 200, readRow })) batches.push(batch);
    expect(batches.map(({ last_line }) => last_line)).toEqual([2, 3]);
  });

  test("cutBatches makes no batch of nothing", async () => {
    expect(await cut([])).toEqual([]);
  });

  test("createRecordReader refuses rows without session_id or timestamp, naming both", async () => {
    const [batch] = await cut([rowText({ session_id: "", timestamp: null }), rowText({ timestamp: null })]);
    const named = batch?.refused.map(({ violations }) => violations.map(({ field, reason }) => `${field} ${reason}`));
    expect(named).toEqual([["record.session_id REQUIRED", "record.timestamp REQUIRED"], ["record.timestamp REQUIRED"]]);
  });

  test("createRecordReader stamps what is missing and nothing else", async () => {
    const [batch] = await cut(
      [
        rowText({ session_id: "", timestamp: null }),
        rowText({ session_id: "" }),
        rowText({ timestamp: null }),
        rowText(),
      ],
      { stamps },
    );
    const records = batch?.rows.map(({ record }) => SessionRecord.decode(record)) ?? [];
    expect(records.map(({ session_id }) => session_id)).toEqual(["stamped", "stamped", "s-1", "s-1"]);
    const [stamped, own] = [
      { seconds: Date.UTC(2026, 0, 1) / 1000, nanos: expect.closeTo(123_456_789, -4) },
      { seconds: Date.UTC(2026, 4, 2, 5, 22, 9) / 1000, nanos: 123_000_000 },
    ];
    expect(records.map(({ timestamp }) => timestamp)).toEqual([stamped, own, stamped, own]);
    expect(records.map(({ prompt }) => prompt)).toEqual(Array(4).fill("Fill 2 welder slots."));
  });
});
