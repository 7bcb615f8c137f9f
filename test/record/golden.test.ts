import { SessionRecord } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { describe, expect, test } from "vitest";
import { createRecordToRow, recordJsonToBytes } from "../../src/record/index.js";
import { readGoldenAccepts, readGoldenRejects } from "../support/golden.js";
import { noStamps } from "./support.js";

const recordToRow = createRecordToRow({ kinds: ["fill", "email", "playbook"] });

function send(record: unknown) {
  const bytes = recordJsonToBytes(JSON.stringify(record));
  return bytes.ok ? recordToRow(bytes.bytes, noStamps) : bytes;
}

describe("golden records", () => {
  test.each(readGoldenAccepts())("recordToRow accepts: $name", ({ send: record, row }) => {
    const result = send(record);
    expect(result).toMatchObject({ ok: true });
    if (result.ok) expect(result.row.toString()).toBe(`${row}\n`);
  });

  test.each(readGoldenRejects())("recordToRow refuses: $name", ({ send: record, violations }) => {
    const result = send(record);
    expect(result.ok).toBe(false);
    if (result.ok) return;
    const found = result.violations.map(({ field, reason }) => ({ field, reason }));
    expect(found).toHaveLength(violations.length);
    expect(found).toEqual(expect.arrayContaining([...violations]));
    for (const { description } of result.violations) expect(description).toMatch(/^.{5,200}$/);
  });

  test("recordJsonToBytes takes every accepted row, which then gives itself", () => {
    for (const { row } of readGoldenAccepts()) {
      const bytes = recordJsonToBytes(row);
      expect(bytes.ok).toBe(true);
      if (bytes.ok)
        expect(recordToRow(bytes.bytes, noStamps)).toMatchObject({ ok: true, row: Buffer.from(`${row}\n`) });
    }
  });

  test("recordToRow gives the same row for the bytes that ts-proto writes", () => {
    // ts-proto's own way through objects loses the key __proto__.
    const goldens = readGoldenAccepts().filter(({ row }) => !row.includes("__proto__"));
    for (const { send: record, row } of goldens) {
      const bytes = recordJsonToBytes(JSON.stringify(record));
      if (!bytes.ok) expect.fail(row);
      const again = SessionRecord.encode(SessionRecord.decode(bytes.bytes)).finish();
      expect(recordToRow(again, noStamps)).toMatchObject({ ok: true, row: Buffer.from(`${row}\n`) });
    }
  });
});
