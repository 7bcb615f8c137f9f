import { expect, test } from "vitest";
import { createRowCheck } from "../../../src/cli/ingest/row_check.js";
import { createRecordToRow } from "../../../src/record/index.js";
import { readGoldenAccepts, readGoldenRejects } from "../../support/golden.js";
import { rowText } from "../support.js";

const check = createRowCheck(createRecordToRow({ kinds: ["fill", "email", "playbook"] }), "");

function checkText(text: string, ending: "\n" | "\r\n" | "" = "\n") {
  return check({ number: 1, bytes: Buffer.from(text), ending });
}

test.each(readGoldenAccepts())("createRowCheck finds the golden row canonical: $name", ({ row }) => {
  expect(checkText(row)).toEqual({ kind: "canonical" });
});

test.each(readGoldenRejects())("createRowCheck finds the golden violations: $name", ({ send, violations }) => {
  const finding = checkText(JSON.stringify(send));
  const found = finding.kind === "refused" ? finding.violations.map(({ field, reason }) => ({ field, reason })) : [];
  expect(found).toHaveLength(violations.length);
  expect(found).toEqual(expect.arrayContaining([...violations]));
});

const artifact = { b: 1, a: 2 };
const accepted = { final_verdict: "accepted", artifact };
test.each<[string, string, "\n" | "\r\n" | ""]>([
  ["null attempts", rowText({ attempts: null }), "\n"],
  ["an empty session_id", rowText({ session_id: "" }), "\n"],
  ["another order of keys", JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(rowText())).reverse())), "\n"],
  ["unsorted keys of the artifact", rowText(accepted), "\n"],
  ["needless escapes", rowText().replace("Fill", "\\u0046ill"), "\n"],
  ["spaces", rowText().replace(":", ": "), "\n"],
  ["another offset", rowText({ timestamp: "2026-05-02T07:22:09.123+02:00" }), "\n"],
  ["an ending of Windows", rowText(), "\r\n"],
  ["no ending", rowText(), ""],
])("createRowCheck counts %s as legacy", (_what, text, ending) => {
  expect(checkText(text, ending)).toEqual({ kind: "legacy" });
});

test.each<[string, string | undefined, "\n" | "", string]>([
  ["no timestamp", rowText({ timestamp: null }), "\n", "record.timestamp REQUIRED"],
  ["no daemon", rowText({ daemon: "" }), "\n", "record.daemon REQUIRED"],
  ["an unknown key", rowText({ colour: 1 }), "\n", "record.colour NOT_ALLOWED"],
  ["no object", "[]", "\n", "record INVALID_ENCODING"],
  ["zeros", "\0\0\0", "\n", "record INVALID_ENCODING"],
  ["a torn line", rowText().slice(0, 30), "", "record INVALID_ENCODING"],
  ["too many bytes", undefined, "\n", "record TOO_LONG"],
])("createRowCheck refuses %s", (_what, text, ending, expected) => {
  const finding = check({ number: 1, bytes: text === undefined ? undefined : Buffer.from(text), ending });
  const found = finding.kind === "refused" ? finding.violations.map(({ field, reason }) => `${field} ${reason}`) : [];
  expect(found).toEqual([expected]);
});

test("createRowCheck refuses bytes that are not UTF-8", () => {
  const bytes = Buffer.from(rowText());
  bytes[bytes.indexOf("Fill")] = 0xff;
  expect(check({ number: 1, bytes, ending: "\n" })).toMatchObject({
    kind: "refused",
    violations: [{ field: "record", reason: "INVALID_ENCODING" }],
  });
});
