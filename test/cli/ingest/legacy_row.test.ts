import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createLegacyRow } from "../../../src/cli/ingest/legacy_row.js";
import { createRecordToRow } from "../../../src/record/index.js";
import { rowText } from "../support.js";

const legacyRow = createLegacyRow(createRecordToRow({ kinds: ["fill"] }), "old");

/** The row, or the fields and reasons why there is none. */
function read(text: string, ending: "\n" | "\r\n" | "" = "\n"): unknown {
  const found = legacyRow({ number: 1, bytes: Buffer.from(text), ending });
  return found.ok ? found.row.toString() : found.violations.map(({ field, reason }) => `${field} ${reason}`);
}

const reversed = (row: string) => JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(row)).reverse()));
const idOf = (line: string) => createHash("sha256").update(line).digest("hex").slice(0, 32);
const withoutId = rowText({ session_id: "" });
const accepted = { final_verdict: "accepted", attempts: [{ iteration: 0, verdict_kind: "accepted" }] };

describe("createLegacyRow", () => {
  test.each<[string, string, string]>([
    ["null attempts", rowText({ attempts: null }), rowText()],
    ["absent attempts", rowText({ attempts: undefined }), rowText()],
    [
      "escapes as older loggers wrote them",
      rowText().replace("Fill 2", "\\u003cb\\u003e\\u0026\\u2028 \\/ \\u00e9"),
      rowText().replace("Fill 2", "<b>&\u2028 / é"),
    ],
    ["another order of keys", reversed(rowText()), rowText()],
    [
      "unsorted keys of the artifact, at every level",
      rowText({ ...accepted, artifact: { b: [{ z: 1, a: 2 }], "10": 1, "9": 2, a: 1e2 }, duration_ms: 1 }),
      rowText({ ...accepted, duration_ms: undefined }).replace(
        /}$/,
        ',"artifact":{"10":1,"9":2,"a":100,"b":[{"a":2,"z":1}]},"duration_ms":1}',
      ),
    ],
    ["a timestamp with an offset and zeros", rowText({ timestamp: "2026-05-02T07:22:09.123000000+02:00" }), rowText()],
    ["an empty session_id", withoutId, rowText({ session_id: idOf(withoutId) })],
    ["no daemon", rowText({ daemon: "" }), rowText({ daemon: "old" })],
    ["no schema", rowText({ schema: undefined }), rowText()],
    ["spaces", ` ${rowText().replace('":"', '" : "')} `, rowText()],
    ["a text beyond the limit", rowText({ prompt: "é".repeat(5000) }), rowText({ prompt: "é".repeat(4000) })],
  ])("createLegacyRow writes %s as the service does", (_what, line, row) => {
    expect(read(line)).toBe(`${row}\n`);
  });

  test.each(["\n", "\r\n", ""] as const)("createLegacyRow gives the same line the same id, ended by %j", (ending) => {
    expect(read(withoutId, ending)).toBe(`${rowText({ session_id: idOf(withoutId) })}\n`);
  });

  test("createLegacyRow tells all that is wrong, a missing timestamp included", () => {
    expect(read(rowText({ timestamp: null, kind: "x" }))).toEqual([
      "record.timestamp REQUIRED",
      "record.kind NOT_ALLOWED",
    ]);
    expect(read(rowText({ colour: 1 }))).toEqual(["record.colour NOT_ALLOWED"]);
  });
});
