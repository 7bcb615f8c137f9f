import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from "node:http2";
import { connect as connectSocket } from "node:net";
import { status } from "@grpc/grpc-js";
import { SessionLogService } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { afterEach, expect, test } from "vitest";
import { checkHealth } from "../../../harness/probe.mjs";
import { NO_OBSERVER } from "../../../src/journal/types.js";
import { type CallMethod, NO_RPC_OBSERVER } from "../../../src/rpc/observer.js";
import { NO_SERVICE_OBSERVER } from "../../../src/service/observer.js";
import { sessionBytes, startTestServer, type TestServer, type TestServerOptions } from "../../support/server.js";

const APPEND = SessionLogService.appendSession.path;
const BATCH = SessionLogService.batchAppendSessions.path;
const TAIL = SessionLogService.tailSessions.path;
/** A TailSessionsRequest with `follow`. */
const FOLLOW = Buffer.from([0x10, 1]);
const WATCH = "/grpc.health.v1.Health/Watch";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

/** A service with these limits, and what it counts. */
async function start(limits: TestServerOptions["server"] = {}) {
  const counted: string[] = [];
  const observer = {
    ...NO_OBSERVER,
    ...NO_RPC_OBSERVER,
    ...NO_SERVICE_OBSERVER,
    callEnded: ({ name }: CallMethod, code: status) => void counted.push(`${name} ${status[code]}`),
    callCut: (reason: string) => void counted.push(`cut ${reason}`),
    connectionRefused: (limit: string) => void counted.push(`refused ${limit}`),
  };
  const server = await startTestServer({ server: limits, observer });
  open.push(server);
  return { server, counted };
}

function health({ client }: TestServer) {
  return checkHealth(client, "");
}

async function connectTo({ address }: TestServer, settings = {}): Promise<ClientHttp2Session> {
  const session = connect(`http://${address}`, { settings });
  open.push({ close: () => session.destroy() });
  session.on("error", () => {});
  await once(session, "connect");
  return session;
}

function call(session: ClientHttp2Session, path: string, headers: object = {}): ClientHttp2Stream {
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  stream.on("error", () => {});
  return stream;
}

/** How a call ends: its status, or that it was reset. */
async function statusOf(stream: ClientHttp2Stream): Promise<string> {
  let trailers: IncomingHttpHeaders = {};
  const note = (headers: IncomingHttpHeaders) => {
    trailers = { ...trailers, ...headers };
  };
  stream.on("response", note).on("trailers", note).resume();
  if (!stream.destroyed) await once(stream, "close");
  const code = trailers["grpc-status"];
  if (code === undefined) return `reset ${stream.rstCode}`;
  return `${status[Number(code)]} ${decodeURIComponent(String(trailers["grpc-message"]))}`;
}

/** An HTTP/2 frame of the connection, without flags. */
function frame(type: number, ...payload: number[]): Buffer {
  return Buffer.from([0, 0, payload.length, type, 0, 0, 0, 0, 0, ...payload]);
}

/** A gRPC message. */
function message(bytes: Uint8Array, compressed = 0): Buffer {
  const head = Buffer.from([compressed, 0, 0, 0, 0]);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

test("a body that does not arrive in time ends its call, the third one its connection", async () => {
  const { server, counted } = await start({ request_timeout_ms: 300 });
  const session = await connectTo(server);
  const closed = once(session, "close");
  for (let index = 0; index < 3; index += 1) {
    const stream = call(session, APPEND);
    stream.write(message(Buffer.alloc(1_000)).subarray(0, 500));
    const expected = "DEADLINE_EXCEEDED the request did not arrive within 0.3 s";
    expect(await statusOf(stream)).toMatch(index < 2 ? expected : /^reset/);
  }
  await closed;
  await expect
    .poll(() => counted)
    .toEqual([
      "cut late",
      "AppendSession DEADLINE_EXCEEDED",
      "cut late",
      "AppendSession DEADLINE_EXCEEDED",
      "cut late",
      "AppendSession CANCELLED",
    ]);
});

test("an answer that is not taken in time is dropped, and the connection with the third", async () => {
  const { server, counted } = await start({ response_timeout_ms: 300 });
  const session = await connectTo(server, { initialWindowSize: 0 });
  const closed = once(session, "close");
  for (let index = 0; index < 3; index += 1) {
    const stream = call(session, BATCH);
    stream.end(message(Buffer.from([0x0a, 0])));
    stream.resume();
  }
  await closed;
  expect(counted.filter((each) => each.startsWith("cut"))).toEqual(["cut late", "cut late", "cut late"]);
  expect(await server.client.append(sessionBytes())).toMatchObject({ ok: true });
});

test("metadata above the limit is refused, by the bytes that HTTP/2 counts", async () => {
  const { server, counted } = await start({ max_metadata_bytes: 4_096 });
  const session = await connectTo(server);
  const refused = call(session, APPEND, { "x-note": "n".repeat(4_096) });
  refused.end(message(Buffer.alloc(0)));
  expect(await statusOf(refused)).toBe("RESOURCE_EXHAUSTED the metadata has more than 4096 bytes");
  await expect.poll(() => counted).toEqual(["cut limit", "AppendSession RESOURCE_EXHAUSTED"]);
  const allowed = call(session, APPEND, { "x-note": "n".repeat(3_000) });
  allowed.end(message(Buffer.alloc(0)));
  expect(await statusOf(allowed)).toContain("INVALID_ARGUMENT");
});

test("tails have a limit each connection and one together, and Watch has one of its own", async () => {
  const { server } = await start({ max_tails: 3, max_tails_per_connection: 2 });
  const [one, other] = [await connectTo(server), await connectTo(server)];
  function begin(session: ClientHttp2Session, path: string): ClientHttp2Stream {
    const stream = call(session, path);
    stream.end(message(path === TAIL ? FOLLOW : Buffer.alloc(0)));
    return stream;
  }
  const held = [one, one, other].map((session) => begin(session, TAIL));
  await Promise.all(held.map((stream) => once(stream, "response")));
  expect(await statusOf(begin(one, TAIL))).toBe("RESOURCE_EXHAUSTED 3 tails are open, the maximum");
  held.pop()?.close();
  await expect.poll(() => server.client.append(sessionBytes())).toMatchObject({ ok: true });
  expect(await statusOf(begin(one, TAIL))).toBe(
    "RESOURCE_EXHAUSTED 2 such calls are open on this connection, the maximum",
  );
  const watched = [1, 2].map(() => begin(one, WATCH));
  await Promise.all(watched.map((stream) => once(stream, "response")));
  expect(await statusOf(begin(one, WATCH))).toBe(
    "RESOURCE_EXHAUSTED 2 such calls are open on this connection, the maximum",
  );
  await once(begin(other, WATCH), "response");
});

test("connections above the limit are closed, and let in again once others are gone", async () => {
  const { server, counted } = await start({ max_connections: 2 });
  const kept = await connectTo(server);
  await connectTo(server);
  const refused = connectSocket(Number(server.address.split(":")[1]), "127.0.0.1");
  await new Promise((resolve) => refused.on("error", () => {}).on("close", resolve));
  expect(counted).toEqual(["refused max_connections"]);
  expect(server.logs).toContainEqual(expect.objectContaining({ msg: "a limit was reached", limit: "max_connections" }));
  kept.destroy();
  await expect.poll(() => health(server)).toEqual({ ok: true, value: "SERVING" });
});

test("above the memory limit calls are refused with RetryInfo, and health answers", async () => {
  const { server, counted } = await start({ memory_limit_bytes: 1 });
  await expect
    .poll(() => server.client.append(sessionBytes()))
    .toMatchObject({ ok: false, code_name: "RESOURCE_EXHAUSTED", retry_after_ms: expect.any(Number) });
  expect(await health(server)).toEqual({ ok: true, value: "SERVING" });
  expect(counted).toContain("cut memory");
});

test("a connection that sends what is part of no request is cut", async () => {
  const { server, counted } = await start({ stall_bytes_per_second: 1_048_576 });
  const socket = connectSocket(Number(server.address.split(":")[1]), "127.0.0.1");
  socket.on("error", () => {});
  const closed = new Promise((resolve) => socket.on("close", resolve));
  socket.resume();
  socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  socket.write(frame(0x4));
  const updates = Buffer.concat(Array.from({ length: 4_096 }, () => frame(0x8, 0, 0, 0, 1)));
  const write = () => {
    while (!socket.destroyed && socket.write(updates));
  };
  socket.on("drain", write);
  write();
  await closed;
  expect(counted).toEqual(["cut stalled"]);
});

test("a message that does not unpack is the client's fault, and is counted", async () => {
  const { server, counted } = await start();
  const session = await connectTo(server);
  const stream = call(session, APPEND, { "grpc-encoding": "gzip" });
  stream.end(message(Buffer.from("no gzip at all"), 1));
  expect(await statusOf(stream)).toBe("INVALID_ARGUMENT Failed to decompress message");
  await expect.poll(() => counted).toEqual(["AppendSession INVALID_ARGUMENT"]);
});

test("messages that are too large hold no place: batches go on", async () => {
  const { server } = await start({ max_message_bytes: 65_536 });
  for (let index = 0; index < 20; index += 1) {
    const reply = await server.client.unary(BATCH, Buffer.alloc(100_000), { deadline_ms: 10_000 });
    expect(reply).toMatchObject({ ok: false, code_name: "RESOURCE_EXHAUSTED" });
  }
  expect(await server.client.appendBatch([sessionBytes()], { deadline_ms: 10_000 })).toMatchObject({ ok: true });
});

test("calls wait unread while a connection has too much pending, and others are answered", async () => {
  const { server } = await start({ max_pending_bytes_per_connection: 65_536, max_active_calls_per_connection: 2 });
  const session = await connectTo(server);
  const half = message(Buffer.alloc(40_000)).subarray(0, 39_000);
  const [first, second] = [1, 2].map(() => call(session, APPEND));
  first?.write(half);
  second?.write(half);
  const third = call(session, APPEND);
  third.end(message(Buffer.alloc(0)));
  expect(await server.client.append(sessionBytes())).toMatchObject({ ok: true });
  const waits = statusOf(third);
  expect(await Promise.race([waits, server.client.append(sessionBytes()).then(() => "waits")])).toBe("waits");
  first?.end(Buffer.alloc(1_005));
  expect(await waits).toContain("INVALID_ARGUMENT");
});
