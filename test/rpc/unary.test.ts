import { afterEach, expect, test } from "vitest";
import { fixedConfig } from "../../src/config/reload.js";
import type { AppendOutcome } from "../../src/journal/index.js";
import { createFakeJournal } from "../support/journal.js";
import { sessionBytes, startTestServer, type TestServer } from "../support/server.js";

let server: TestServer;
afterEach(() => server.close());

test("toUnaryCall answers a handler's defect with INTERNAL, once, and logs it without the record", async () => {
  const journal = {
    ...createFakeJournal(),
    append: (): Promise<AppendOutcome> => Promise.reject(new Error("a defect")),
  };
  server = await startTestServer({ createJournal: () => journal });
  const reply = await server.client.append(sessionBytes({ prompt: "a secret" }));
  expect(reply).toMatchObject({ ok: false, code_name: "INTERNAL" });
  expect(JSON.stringify(reply)).not.toContain("a defect");
  const errors = server.logs.filter(({ level }) => level === 50);
  expect(errors).toMatchObject([{ method: "AppendSession", err: { message: "a defect" } }]);
  expect(JSON.stringify(server.logs)).not.toContain("a secret");
});

test("toUnaryCall logs at debug how each call ended, in which trace, and what was refused by field and reason", async () => {
  server = await startTestServer();
  const trace_id = "0af7651916cd43dd8448eb211c80319c";
  const metadata = { traceparent: `00-${trace_id}-b7ad6b7169203331-01` };
  const record = sessionBytes({ session_id: "s-2", kind: "song" });
  await server.client.append(sessionBytes(), { metadata });
  await server.client.append(record, { metadata: { traceparent: "00-secret" } });
  await server.client.appendBatch([sessionBytes(), record]);
  const lines = server.logs.filter(({ method }) => method !== undefined);
  const peer = expect.stringMatching(/^127\.0\.0\.1:\d+$/);
  const violations = ["record.kind NOT_ALLOWED"];
  expect(lines).toMatchObject([
    { level: 20, msg: "call answered", method: "AppendSession", code: 0, peer, trace_id },
    { level: 20, msg: "call refused", method: "AppendSession", code: 3, peer, bytes: record.length + 2, violations },
    { level: 20, msg: "call answered", method: "BatchAppendSessions", code: 0, violations },
  ]);
  expect(lines[1]).not.toHaveProperty("trace_id");
  expect(JSON.stringify(server.logs)).not.toMatch(/song|secret/);
});

test("toUnaryCall logs nothing of a call above debug", async () => {
  server = await startTestServer({
    running(config) {
      const next = fixedConfig({ ...config, logs: { ...config.logs, level: "info" } });
      return { config, hash: "", reread: () => ({ next, changed: [], restart: [] }) };
    },
  });
  server.service.reopen();
  await server.client.append(sessionBytes({ kind: "song" }));
  expect(server.logs.filter(({ level }) => level === 20)).toEqual([]);
});

test.each([
  ["one of JavaScript's own, which may quote what was read", () => JSON.parse("secret"), {}],
  ["one of the service's own", () => Promise.reject(new Error("a defect")), { message: "a defect" }],
  ["something else", () => Promise.reject("secret"), { message: "something that is not an error was thrown" }],
])("a defect is logged by where it is: %s", async (_, append, described) => {
  const journal = { ...createFakeJournal(), append: async (): Promise<AppendOutcome> => append() };
  server = await startTestServer({ createJournal: () => journal });
  await server.client.append(sessionBytes());
  const [line] = server.logs.filter(({ level }) => level === 50);
  expect(line).toMatchObject({ err: { ...described, stack: expect.stringMatching(/^ +at /) } });
  expect(JSON.stringify(line)).not.toContain("secret");
});
