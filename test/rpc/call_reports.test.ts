import { status } from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import { checkHealth, listServices } from "../../harness/probe.mjs";
import { NO_OBSERVER } from "../../src/journal/types.js";
import { NO_RPC_OBSERVER } from "../../src/rpc/observer.js";
import { NO_SERVICE_OBSERVER } from "../../src/service/observer.js";
import { sessionBytes, startTestServer, type TestServer } from "../support/server.js";

let server: TestServer;
afterEach(() => server.close());

test("createCallReports has each call begin and end once, by its method, whatever clients call it", async () => {
  const started: string[] = [];
  const ended: string[] = [];
  server = await startTestServer({
    observer: {
      ...NO_OBSERVER,
      ...NO_RPC_OBSERVER,
      ...NO_SERVICE_OBSERVER,
      callStarted: ({ type, service, name }) => void started.push(`${type} ${service}/${name}`),
      callEnded: ({ name }, code) => void ended.push(`${name} ${status[code]}`),
    },
  });
  const { client, address } = server;
  const json = (path: string, body: string) =>
    fetch(`http://${address}${path}`, { method: "POST", body, headers: { "content-type": "application/json" } });

  await client.append(sessionBytes());
  await client.append(Uint8Array.of(0xff));
  await checkHealth(client, "");
  await listServices(address);
  await client.unary("/sessionlog.v1.SessionLog/Made_up", Buffer.alloc(0), { deadline_ms: 30_000 });
  await client.unary("/made.up/Name", Buffer.alloc(0), { deadline_ms: 30_000 });
  await json("/sessionlog.v1.SessionLog/AppendSession", "{}");
  await json("/made/up", "{}");
  await expect.poll(() => ended.length).toBe(8);
  expect(started).toEqual([
    "unary sessionlog.v1.SessionLog/AppendSession",
    "unary sessionlog.v1.SessionLog/AppendSession",
    "unary grpc.health.v1.Health/Check",
    "bidi_stream grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "unknown unknown/unknown",
    "unknown unknown/unknown",
    "unary sessionlog.v1.SessionLog/AppendSession",
    "unknown unknown/unknown",
  ]);
  expect(ended.sort()).toEqual([
    "AppendSession INVALID_ARGUMENT",
    "AppendSession INVALID_ARGUMENT",
    "AppendSession OK",
    "Check OK",
    "ServerReflectionInfo OK",
    "unknown UNIMPLEMENTED",
    "unknown UNIMPLEMENTED",
    "unknown UNIMPLEMENTED",
  ]);
});
