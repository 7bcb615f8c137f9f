import { Server, ServerCredentials, type sendUnaryData } from "@grpc/grpc-js";
import { SessionLogService } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkHealth, listServices } from "../../../../harness/probe.mjs";
import { createFakeJournal } from "../../../../test/support/journal.js";
import { sessionBytes, startTestServer, type TestServer } from "../../../../test/support/server.js";
import { createApiClient } from "../../src/rpc/api_client.js";
import { startProxy } from "../support.js";

const journal = createFakeJournal();
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ createJournal: () => journal });
});
afterAll(() => server.close());

test("append returns what was stored", async () => {
  expect(await server.client.append(sessionBytes())).toEqual({
    ok: true,
    value: {
      session_id: "s-1",
      timestamp: { seconds: 1_777_699_329, nanos: 0 },
      sequence: 1,
      duplicate: false,
    },
  });
});

test("append returns a refusal as a value", async () => {
  const reply = await server.client.append(sessionBytes({ kind: "song" }));
  expect(reply).toMatchObject({ ok: false, code_name: "INVALID_ARGUMENT", violations: [{ field: "record.kind" }] });
});

test("appendBatch returns results in order", async () => {
  const reply = await server.client.appendBatch([sessionBytes(), sessionBytes({ kind: "song" })]);
  expect(reply).toMatchObject({
    ok: true,
    value: { results: [{ outcome: { $case: "appended" } }, { outcome: { $case: "rejected" } }] },
  });
});

test("append gives up at its deadline", async () => {
  journal.hold();
  const reply = await server.client.append(sessionBytes(), { deadline_ms: 30 });
  journal.release();
  expect(reply).toMatchObject({ ok: false, code_name: "DEADLINE_EXCEEDED" });
});

test("check asks for the health of a service", async () => {
  expect(await checkHealth(server.client, "sessionlog.v1.SessionLog")).toEqual({ ok: true, value: "SERVING" });
  expect(await checkHealth(server.client, "no.such.Service")).toMatchObject({ ok: false, code_name: "NOT_FOUND" });
});

test("services lists what reflection names", async () => {
  const reply = await listServices(server.address);
  expect(reply).toMatchObject({ ok: true });
  if (reply.ok) expect(reply.value).toContain("sessionlog.v1.SessionLog");
});

test("calls to this machine go past a proxy of the environment", async () => {
  const proxy = await startProxy("https_proxy");
  const client = createApiClient(server.address);
  expect(await checkHealth(client, "", 2_000)).toMatchObject({ ok: true });
  client.close();
  expect(proxy.asked).toEqual([]);
});

test("every call to nobody is a failure, not a rejection", async () => {
  const client = createApiClient("127.0.0.1:1");
  const replies = await Promise.all([
    client.append(sessionBytes()),
    checkHealth(client, ""),
    listServices("127.0.0.1:1"),
  ]);
  for (const reply of replies) expect(reply).toMatchObject({ ok: false, code_name: "UNAVAILABLE" });
  client.close();
});

test("a reply that cannot be decoded is a failure", async () => {
  const { path } = SessionLogService.appendSession;
  const bytes = (value: Buffer) => value;
  const method = {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    responseSerialize: bytes,
  };
  const definition = { append: { ...method, requestDeserialize: bytes, responseDeserialize: bytes } };
  const garbage = new Server();
  garbage.addService(definition, {
    append: (_: unknown, reply: sendUnaryData<Buffer>) => reply(null, Buffer.of(0xff)),
  });
  const port = await new Promise<number>((resolve, reject) => {
    garbage.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const client = createApiClient(`127.0.0.1:${port}`);
  const reply = await client.append(sessionBytes());
  expect(reply).toMatchObject({ ok: false, code_name: "INTERNAL", message: "the reply cannot be decoded" });
  client.close();
  garbage.forceShutdown();
});
