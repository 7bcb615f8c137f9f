import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { SessionAttempt } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { afterAll, beforeAll, expect, test } from "vitest";
import { recordJsonToBytes } from "../../src/record/index.js";
import { readGoldenAccepts, readGoldenRejects } from "../support/golden.js";
import { startTestServer, type TestServer } from "../support/server.js";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

test.each(readGoldenAccepts())("AppendSession stores the golden row: $name", async ({ send, row }) => {
  const reply = await server.client.append(encode(send));
  expect(reply).toMatchObject({ ok: true, value: { duplicate: false, session_id: JSON.parse(row).session_id } });
  if (reply.ok) expect(server.rows()[reply.value.sequence - 1]).toBe(row);
});

test.each(readGoldenRejects())("AppendSession refuses the golden record: $name", async ({ send, violations }) => {
  const rows_before = server.rows().length;
  const reply = await server.client.append(encode(send));
  expect(reply).toMatchObject({ ok: false, code_name: "INVALID_ARGUMENT" });
  if (!reply.ok) expect(reasons(reply.violations)).toEqual(reasons(violations));
  expect(server.rows()).toHaveLength(rows_before);
});

test("BatchAppendSessions stores all golden rows and refuses all golden records", async () => {
  const accepts = readGoldenAccepts();
  const rejects = readGoldenRejects();
  const rows_before = server.rows().length;
  // So that none of them is a duplicate of the rows above.
  const untold = accepts.map(({ send, row }, index) => ({
    send: { ...send, duration_ms: 100_000 + index },
    row: row.replace(/"duration_ms":\d+\}$/, `"duration_ms":${100_000 + index}}`),
  }));
  // Two records of over 1 MiB are among those refused; the limit of a message is 4 MiB.
  const reply = await server.client.appendBatch([...rejects, ...untold].map(({ send }) => encode(send)));
  expect(reply).toMatchObject({ ok: true });
  if (!reply.ok) return;
  for (const [index, { violations }] of rejects.entries()) {
    const outcome = reply.value.results[index]?.outcome;
    expect(outcome).toMatchObject({ $case: "rejected", value: { violation_count: violations.length } });
    if (outcome?.$case === "rejected") expect(reasons(outcome.value.violations)).toEqual(reasons(violations));
  }
  expect(server.rows().slice(rows_before)).toEqual(untold.map(({ row }) => row));
});

test("BatchAppendSessions answers the golden rows that are stored already as duplicates", async () => {
  const rows_before = server.rows().length;
  const reply = await server.client.appendBatch(readGoldenAccepts().map(({ send }) => encode(send)));
  const outcomes = reply.ok ? reply.value.results.map(({ outcome }) => outcome) : [];
  expect(outcomes).toMatchObject(
    readGoldenAccepts().map((_, index) => ({ $case: "appended", value: { duplicate: true, sequence: index + 1 } })),
  );
  expect(server.rows()).toHaveLength(rows_before);
});

/** The encoder takes no more attempts than a record may have; more of them are put behind what it made. */
function encode(send: Record<string, unknown>): Uint8Array {
  const attempts: readonly object[] = Array.isArray(send.attempts) ? send.attempts : [];
  const regular = attempts.length > 1_000 ? { ...send, attempts: attempts.slice(0, 1_000) } : send;
  const encoded = recordJsonToBytes(JSON.stringify(regular));
  if (!encoded.ok) throw new Error(JSON.stringify(encoded.violations));
  const rest = new BinaryWriter();
  for (const attempt of attempts.slice(1_000)) {
    const bytes = SessionAttempt.encode({
      iteration: 0,
      verdict_kind: "",
      error: "",
      span_id: "",
      ...attempt,
    }).finish();
    rest.tag(12, WireType.LengthDelimited).bytes(bytes);
  }
  return Buffer.concat([encoded.bytes, rest.finish()]);
}

function reasons(violations: readonly { readonly field: string; readonly reason: string }[]): string[] {
  return violations.map(({ field, reason }) => `${field} ${reason}`).sort();
}
