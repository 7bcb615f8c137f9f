import { encodeAppendRequest, encodeBatchRequest } from "@sessionlog/client/rpc/requests";
import { SessionLogService } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkHealth } from "../../harness/probe.mjs";
import { sessionBytes, startTestServer, type TestServer } from "../support/server.js";

const APPEND = SessionLogService.appendSession.path;
const BATCH = SessionLogService.batchAppendSessions.path;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ record: { default_daemon: "d" } });
});
afterAll(() => server.close());

test("a batch of 100 with one bad record is ninety-nine rows and one rejection", async () => {
  const rows_before = server.rows().length;
  const records = Array.from({ length: 100 }, (_, index) => {
    return sessionBytes({ session_id: `batch-${index}`, kind: index === 41 ? "song" : "fill" });
  });
  const reply = await server.client.appendBatch(records);
  if (!reply.ok) throw new Error(reply.message);
  const cases = reply.value.results.map(({ outcome }) => outcome?.$case);
  expect(cases.filter((name) => name === "rejected")).toHaveLength(1);
  expect(cases[41]).toBe("rejected");
  const rows = server.rows().slice(rows_before);
  expect(rows.map((row) => JSON.parse(row).session_id)).toEqual(
    Array.from({ length: 100 }, (_, index) => `batch-${index}`).filter((_, index) => index !== 41),
  );
});

test("10,000 records in one call are 10,000 rows and as many results", async () => {
  const rows_before = server.rows().length;
  const reply = await server.client.appendBatch(
    Array.from({ length: 10_000 }, (_, index) => sessionBytes({ session_id: `many-${index}` })),
  );
  if (!reply.ok) throw new Error(reply.message);
  expect(reply.value.results).toHaveLength(10_000);
  expect(server.rows()).toHaveLength(rows_before + 10_000);
});

test("a thousand violations are cut to what clients accept, and the message says how many more there are", async () => {
  const attempts = Array.from({ length: 1_000 }, (_, iteration) => ({ iteration, verdict_kind: "maybe" }));
  const reply = await server.client.append(sessionBytes({ attempts }));
  if (reply.ok) throw new Error("accepted");
  const listed = reply.violations.length;
  expect(listed).toBeGreaterThan(20);
  expect(reply.message).toContain(`(1000 violations: ${listed} in the details, ${1_000 - listed} more left out)`);
});

test("a message that is too large is RESOURCE_EXHAUSTED", async () => {
  const request = Buffer.alloc(5 * 1024 * 1024);
  for (const path of [APPEND, BATCH]) {
    expect(await server.client.unary(path, request)).toMatchObject({ ok: false, code_name: "RESOURCE_EXHAUSTED" });
  }
  expect(await server.client.append(sessionBytes())).toMatchObject({ ok: true });
});

test("a batch whose rows are too large together is refused as a whole", async () => {
  const rows_before = server.rows().length;
  // A control character is one byte in the request and six in the row.
  const record = sessionBytes({ prompt: "\u0001".repeat(4_000) });
  const reply = await server.client.appendBatch(Array.from({ length: 400 }, () => record));
  expect(reply).toMatchObject({
    ok: false,
    code_name: "INVALID_ARGUMENT",
    violations: [{ field: "records", reason: "TOO_LONG" }],
  });
  expect(server.rows()).toHaveLength(rows_before);
});

test("a call's trace becomes the session_id, and the row has it", async () => {
  const record = sessionBytes({ session_id: "" });
  const metadata = { traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" };
  const reply = await server.client.append(record, { metadata });
  expect(reply).toMatchObject({ value: { session_id: "4bf92f3577b34da6a3ce929d0e0e4736" } });
  expect(server.rows().at(-1)).toContain('"session_id":"4bf92f3577b34da6a3ce929d0e0e4736"');
});

test("validate_only writes nothing", async () => {
  const before = server.bytes();
  const reply = await server.client.append(sessionBytes(), { validate_only: true });
  expect(reply).toMatchObject({ ok: true, value: { session_id: "s-1", sequence: 0 } });
  expect(server.bytes().equals(before)).toBe(true);
});

test("an unknown method is UNIMPLEMENTED", async () => {
  const reply = await server.client.unary("/sessionlog.v1.SessionLog/DropEverything", Buffer.alloc(0));
  expect(reply).toMatchObject({ ok: false, code_name: "UNIMPLEMENTED" });
});

test("arbitrary bytes are refused or accepted, never INTERNAL or UNKNOWN", { timeout: 60_000 }, async () => {
  const record = Buffer.from(sessionBytes());
  const noise = fc.uint8Array({ maxLength: 200 });
  const flipped = fc.tuple(fc.nat(record.length - 1), fc.nat(255)).map(([position, byte]) => {
    const copy = Buffer.from(record);
    copy[position] = byte;
    return copy;
  });
  const cut = fc.nat(record.length).map((length) => record.subarray(0, length));
  const any_record = fc.oneof(noise, flipped, cut);
  const request = fc.oneof(
    noise,
    any_record.map((bytes) => encodeAppendRequest(bytes, false)),
    fc.array(any_record, { maxLength: 5 }).map(encodeBatchRequest),
    fc.tuple(any_record, noise).map(([bytes, tail]) => Buffer.concat([encodeAppendRequest(bytes, true), tail])),
  );
  const codes = new Set<string>();
  await fc.assert(
    fc.asyncProperty(request, fc.constantFrom(APPEND, BATCH), async (bytes, path) => {
      const reply = await server.client.unary(path, bytes);
      const code = reply.ok ? "OK" : reply.code_name;
      codes.add(code);
      expect(["OK", "INVALID_ARGUMENT"]).toContain(code);
    }),
    { numRuns: 400 },
  );
  expect([...codes].sort()).toEqual(["INVALID_ARGUMENT", "OK"]);
  expect(await checkHealth(server.client, "")).toEqual({ ok: true, value: "SERVING" });
  for (const row of server.rows()) JSON.parse(row);
});
