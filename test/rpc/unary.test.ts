import { afterEach, expect, test } from "vitest";
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

test("toUnaryCall logs refusals at debug and calls that went well not at all", async () => {
  server = await startTestServer();
  await server.client.append(sessionBytes());
  await server.client.append(sessionBytes({ kind: "song" }));
  const lines = server.logs.filter(({ method }) => method !== undefined);
  expect(lines).toMatchObject([{ level: 20, method: "AppendSession", code: 3 }]);
});
