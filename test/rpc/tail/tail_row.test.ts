import { describe, expect, test } from "vitest";
import { createRecordToRow, recordJsonToBytes } from "../../../src/record/index.js";
import { createRowFilter, type RowFilters } from "../../../src/rpc/tail/tail_row.js";
import { readGoldenAccepts } from "../../support/golden.js";

const none: RowFilters = { kinds: [], daemons: [], models: [], verdicts: [], ungrounded_only: false };
const passes = (line: string, filters: Partial<RowFilters>, canonical: boolean) =>
  createRowFilter({ ...none, ...filters })({ sequence: 1, line: Buffer.from(line), canonical });

/** The row of a session whose text tries to look like the row's own keys. */
function rowOf(fields: object): string {
  const bytes = recordJsonToBytes(
    JSON.stringify({
      session_id: "s",
      timestamp: "2026-05-02T05:22:09Z",
      daemon: "d",
      kind: "fill",
      final_verdict: "accepted",
      attempts: [{ iteration: 0, verdict_kind: "accepted" }],
      ...fields,
    }),
  );
  if (!bytes.ok) throw new Error(JSON.stringify(bytes));
  const row = createRecordToRow({ kinds: undefined })(bytes.bytes, {
    session_id: () => "",
    daemon: "",
    timestamp: () => ({ seconds: 0, nanos: 0 }),
  });
  if (!row.ok) throw new Error(JSON.stringify(row));
  return row.row.toString().trimEnd();
}

const fake = ',"kind":"email","model":"m","final_verdict":"infra_error","grounded_in_roster":false,"duration_ms":1}';

describe("createRowFilter", () => {
  test("createRowFilter judges canonical rows without parsing them as it judges others", () => {
    const rows = readGoldenAccepts().map(({ row }) => row);
    rows.push(rowOf({ model: fake, prompt: fake, artifact: { kind: "email", grounded_in_roster: false, text: fake } }));
    rows.push(rowOf({ model: 'a"b\\', kind: "é\\u0000", artifact: { duration_ms: 1 }, grounded_in_roster: false }));
    rows.push(rowOf({ artifact: { z: { grounded_in_roster: false, duration_ms: 1 } }, grounded_in_roster: true }));
    for (const row of rows) {
      const { kind, daemon, model, final_verdict, grounded_in_roster } = JSON.parse(row);
      const own = { kinds: ["x", kind], daemons: [daemon], models: [model], verdicts: [final_verdict] };
      const ungrounded = final_verdict === "accepted" && grounded_in_roster === false;
      for (const canonical of [true, false]) {
        expect(passes(row, own, canonical)).toBe(true);
        expect(passes(row, { ungrounded_only: true }, canonical)).toBe(ungrounded);
        for (const filter of ["kinds", "daemons", "models", "verdicts"]) {
          expect(passes(row, { ...own, [filter]: ["other"] }, canonical)).toBe(false);
        }
      }
    }
  });

  test.each(["not JSON", "[1]", "null", '"text"', "{}"])(
    "createRowFilter lets %s pass only without a filter",
    (line) => {
      expect(passes(line, {}, false)).toBe(true);
      expect(passes(line, { kinds: ["fill"] }, false)).toBe(false);
      expect(passes(line, { ungrounded_only: true }, false)).toBe(false);
    },
  );
});
