import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { checkHealth } from "../../harness/probe.mjs";
import { createFakeJournal } from "../support/journal.js";
import { sessionBytes, startTestServer, type TestServer, type TestServerOptions } from "../support/server.js";

let server: TestServer;
afterEach(() => server.close());

async function start(limits: TestServerOptions["server"]): Promise<void> {
  server = await startTestServer({ createJournal: createFakeJournal, server: limits ?? {} });
}

test("createRpcServer tells clients how many calls a connection may have at once", async () => {
  await start({ max_concurrent_streams: 7 });
  const session = connectHttp2(`http://${server.address}`);
  const [settings] = await once(session, "remoteSettings");
  expect(settings).toMatchObject({ maxConcurrentStreams: 7 });
  session.destroy();
});

test("createRpcServer refuses messages over max_message_bytes", async () => {
  await start({ max_message_bytes: 1_024 });
  expect(await server.client.append(sessionBytes())).toMatchObject({ ok: true });
  expect(await server.client.append(sessionBytes({ prompt: "p".repeat(1_024) }))).toMatchObject({
    ok: false,
    code_name: "RESOURCE_EXHAUSTED",
  });
});

test.each(["max_connection_idle_ms", "max_connection_age_ms"])(
  "createRpcServer closes a connection at %s",
  async (limit) => {
    await start({ [limit]: 50 });
    const session = connectHttp2(`http://${server.address}`);
    await once(session, "close");
  },
);

test("createRpcServer closes a connection whose client answers no ping", async () => {
  await start({ keepalive_time_ms: 20, keepalive_timeout_ms: 20 });
  // Reads nothing and says nothing after the HTTP/2 preface.
  const socket = connect(Number(server.address.split(":")[1]), "127.0.0.1");
  socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
  socket.resume();
  await once(socket, "close");
});

test("createRpcServer survives what is no HTTP/2", async () => {
  await start({});
  const socket = connect(Number(server.address.split(":")[1]), "127.0.0.1");
  socket.on("error", () => {});
  socket.end("GET / HTTP/1.1\r\n\r\n");
  socket.resume();
  await once(socket, "close");
  expect(await checkHealth(server.client, "")).toEqual({ ok: true, value: "SERVING" });
});
