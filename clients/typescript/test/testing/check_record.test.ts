import { SessionRecord } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { recordJsonToBytes } from "@sessionlog/protocol/record_from_json";
import { expect, test } from "vitest";
import { readGoldenAccepts, readGoldenRejects } from "../../../../test/support/golden.js";
import { checkRecord } from "../../src/testing/check_record.js";

const KINDS = ["fill", "email", "playbook"];

function check(send: object): readonly object[] {
  const bytes = recordJsonToBytes(JSON.stringify(send));
  if (!bytes.ok) throw new Error(JSON.stringify(bytes.violations));
  return checkRecord(bytes.bytes, KINDS).map(({ field, reason }) => ({ field, reason }));
}

/** A record without these gets them from the logger; long text is cut when a record is encoded. */
const stamped = { session_id: "s", timestamp: "2026-05-02T05:22:09Z", daemon: "d" };
const cut = (text: unknown) => (typeof text === "string" ? [...text].slice(0, 4_000).join("") : text);

test.each(readGoldenAccepts())("checkRecord accepts: $name", ({ send }) => {
  const attempts = Array.isArray(send.attempts) ? send.attempts.map((one) => ({ ...one, error: cut(one.error) })) : [];
  expect(check({ ...stamped, ...send, prompt: cut(send.prompt), attempts })).toEqual([]);
});

/** Found before, when a record is encoded: test/record/encode_record.test.ts. */
const ENCODED = [
  "artifact 33 levels deep",
  "duration above 2^53 - 1",
  "duration at the end of int64",
  "too many attempts",
];

test.each(readGoldenRejects().filter(({ name }) => !ENCODED.includes(name)))("checkRecord refuses: $name", (golden) => {
  const found = check(golden.send);
  expect(found).toHaveLength(golden.violations.length);
  expect(found).toEqual(expect.arrayContaining([...golden.violations]));
});

test("checkRecord refuses a time that RFC 3339 cannot express", () => {
  const record = { ...SessionRecord.decode(new Uint8Array()), ...stamped, kind: "fill", final_verdict: "accepted" };
  const bytes = SessionRecord.encode({ ...record, timestamp: { seconds: 1e12, nanos: 0 } }).finish();
  expect(checkRecord(bytes, KINDS)).toMatchObject([{ field: "record.timestamp", reason: "OUT_OF_RANGE" }]);
});
