import { once } from "node:events";
import { Agent, request as httpRequest } from "node:http";
import { connect as connectHttp2, type IncomingHttpHeaders } from "node:http2";
import { connect, type Socket } from "node:net";
import { SessionLogService } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readGoldenAccepts, readGoldenRejects } from "../../support/golden.js";
import { startTestServer, type TestServer } from "../../support/server.js";

const APPEND = SessionLogService.appendSession.path;
const BATCH = SessionLogService.batchAppendSessions.path;
const RECORD = { daemon: "nightly", kind: "email", final_verdict: "infra_error" };
const JSON_TYPE = { "content-type": "application/json" };

interface Answer {
  readonly http_status: number;
  readonly headers: IncomingHttpHeaders;
  readonly json: Record<string, unknown>;
}

type Ask = (path: string, body: string | Buffer, headers?: Record<string, string>, method?: string) => Promise<Answer>;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ server: { request_timeout_ms: 500, max_concurrent_streams: 10 } });
});
afterAll(() => server.close());

function port(): number {
  return Number(server.address.split(":")[1]);
}

const http1: Ask = (path, body, headers = JSON_TYPE, method = "POST") =>
  new Promise((resolve, reject) => {
    const request = httpRequest({ port: port(), path, method, headers, agent: false }, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () =>
        resolve({ http_status: response.statusCode ?? 0, headers: response.headers, json: JSON.parse(text) }),
      );
    });
    request.on("error", reject);
    request.end(body);
  });

const http2: Ask = async (path, body, headers = JSON_TYPE, method = "POST") => {
  const session = connectHttp2(`http://${server.address}`);
  const stream = session.request({ ":path": path, ":method": method, ...headers });
  let response: IncomingHttpHeaders = {};
  let text = "";
  stream.on("response", (got) => {
    response = got;
  });
  stream.on("data", (chunk) => {
    text += chunk;
  });
  stream.end(body);
  await once(stream, "close");
  session.close();
  return { http_status: Number(response[":status"]), headers: response, json: JSON.parse(text) };
};

/** A connection whose bytes are written by hand, and all that comes back once it is closed. */
function connectRaw(): { socket: Socket; closed: Promise<string> } {
  const socket = connect(port(), "127.0.0.1");
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
  });
  socket.on("error", () => {});
  return { socket, closed: new Promise((resolve) => socket.once("close", () => resolve(text))) };
}

describe.each([
  ["HTTP/1.1", http1],
  ["HTTP/2", http2],
])("JSON over %s", (_name, ask) => {
  test.each(readGoldenAccepts())("stores the golden row: $name", async ({ send, row }) => {
    const { http_status, json } = await ask(APPEND, JSON.stringify({ record: send }));
    expect([http_status, json]).toMatchObject([200, { sessionId: JSON.parse(row).session_id }]);
    expect(server.rows()[Number(json.sequence) - 1]).toBe(row);
  });

  test.each(readGoldenRejects())("refuses the golden record: $name", async ({ send, violations }) => {
    const rows_before = server.rows().length;
    const { http_status, json } = await ask(APPEND, JSON.stringify({ record: send }));
    expect([http_status, json]).toMatchObject([400, { code: "invalid_argument" }]);
    const found = Object(json.details)[0]?.debug.fieldViolations;
    const reasons = (list: readonly { field: string; reason: string }[]) =>
      list.map(({ field, reason }) => `${field} ${reason}`).sort();
    expect(reasons(found)).toEqual(reasons(violations).slice(0, found.length));
    expect(server.rows()).toHaveLength(rows_before);
  });

  test("takes a batch: what is refused stands beside what is stored", async () => {
    const records = [{ ...RECORD, session_id: `${ask === http1}` }, {}, { ...RECORD, bogus: 1 }, 7];
    const { http_status, json } = await ask(BATCH, JSON.stringify({ records }));
    expect(http_status).toBe(200);
    expect(json.results).toMatchObject([
      { appended: { duplicate: false } },
      { rejected: { violationCount: 3 } },
      { rejected: { violations: [{ field: "record.bogus", reason: "NOT_ALLOWED" }] } },
      { rejected: { violations: [{ field: "record", reason: "INVALID_ENCODING" }] } },
    ]);
  });

  test("takes the session id from traceparent, and stores nothing with validateOnly", async () => {
    const rows_before = server.rows().length;
    const body = JSON.stringify({ record: RECORD, validateOnly: true });
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const { json } = await ask(APPEND, body, { ...JSON_TYPE, traceparent });
    expect(json).toMatchObject({ sessionId: "4bf92f3577b34da6a3ce929d0e0e4736", sequence: "0" });
    expect(server.rows()).toHaveLength(rows_before);
  });

  test.each([
    ["no JSON", "{", "the body is not JSON in UTF-8"],
    ["half a character", Buffer.from([0x7b, 0xf0, 0x9f, 0x7d]), "the body is not JSON in UTF-8"],
    ["a list", "[]", "expected a JSON object"],
    ["nothing", "", "the body is not JSON in UTF-8"],
    ["no record", "{}", "record REQUIRED: a record is required"],
    ["a key of another message", '{"records":[]}', "it has: record, validate_only"],
    ["a wrong flag", '{"validate_only":1}', "validate_only: expected true or false"],
    ["200,000 levels", `{"record":{"artifact":${'{"a":'.repeat(200_000)}1${"}".repeat(200_000)}}}`, "record.artifact"],
  ])("refuses %s with 400, and says what was expected", async (_what, body, message) => {
    const { http_status, json } = await ask(APPEND, body);
    expect([http_status, json.message]).toEqual([400, expect.stringContaining(message)]);
  });

  test.each([
    ["another method", APPEND, JSON_TYPE, "PUT", 405, "expected POST"],
    ["another path", "/nope", JSON_TYPE, "POST", 404, "there are: /sessionlog.v1.SessionLog/AppendSession"],
    ["a streaming method", SessionLogService.tailSessions.path, JSON_TYPE, "POST", 404, "no such method over JSON"],
    ["another type", APPEND, { "content-type": "text/plain" }, "POST", 415, "expected content-type: application/json"],
    ["another encoding", APPEND, { ...JSON_TYPE, "content-encoding": "gzip" }, "POST", 415, "content-encoding"],
    ["17 KiB of headers", APPEND, { ...JSON_TYPE, "x-note": "n".repeat(17_000) }, "POST", 429, "metadata"],
  ])("refuses %s", async (_what, path, headers, method, http_status, message) => {
    const answer = await ask(path, "{}", headers, method);
    expect([answer.http_status, answer.json.message]).toEqual([http_status, expect.stringContaining(message)]);
  });

  test("answers a body of 5 MiB that it does not take, whether or not it says its length", async () => {
    const body = Buffer.alloc(5 * 1024 * 1024, " ");
    for (const headers of [JSON_TYPE, { ...JSON_TYPE, "content-length": String(body.length) }]) {
      const { http_status, json } = await ask(APPEND, body, headers);
      expect([http_status, json.message]).toEqual([429, "the body has more than 4194304 bytes"]);
    }
  });
});

describe("createJsonServer", () => {
  const request = `POST ${APPEND} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`;
  const body = JSON.stringify({ record: RECORD });
  const whole = `${request}content-length: ${body.length}\r\n\r\n${body}`;

  test("answers requests that are sent ahead in their order, and none of too many", async () => {
    const some = connectRaw();
    some.socket.write(whole.repeat(9) + whole.replace("\r\n", "\r\nconnection: close\r\n"));
    const numbers = [...(await some.closed).matchAll(/"sequence":"(\d+)"/g)].map(([, number]) => Number(number));
    expect(numbers).toHaveLength(10);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    const many = connectRaw();
    many.socket.write(whole.repeat(1_000));
    expect(await many.closed).not.toContain("200 OK".repeat(11));
    expect(await server.client.append(new Uint8Array())).toMatchObject({ code_name: "INVALID_ARGUMENT" });
  });

  test.each([
    ["nothing", ""],
    ["half of a preface", "PR"],
    ["half of the headers", request],
    ["half of a body", `${request}content-length: 100\r\n\r\n{`],
    ["chunks that do not end", `${request}transfer-encoding: chunked\r\n\r\n1\r\n{\r\n`],
  ])("ends a connection that sent %s and no more", async (_what, bytes) => {
    const { socket, closed } = connectRaw();
    socket.write(bytes);
    expect(await closed).not.toContain("200 OK");
  });

  test("ends a connection whose second request does not come whole", async () => {
    const { socket, closed } = connectRaw();
    socket.write(whole);
    socket.once("data", () => socket.write("POST"));
    expect(await closed).toContain("200 OK");
  });

  test("says that what it got is no HTTP, and goes on", async () => {
    const { socket, closed } = connectRaw();
    socket.write("hello\r\n\r\n");
    expect(await closed).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*"this is no HTTP request"/);
  });

  test("cuts a body that goes on long after it was refused", async () => {
    const { socket, closed } = connectRaw();
    socket.write(`${request}content-length: 1000000000\r\n\r\n`);
    const write = () => {
      while (!socket.destroyed && socket.write(Buffer.alloc(65_536)));
    };
    socket.on("drain", write);
    write();
    expect(await closed).toContain("429");
  });

  test("keeps a connection for further requests, and closes it when the service stops", async () => {
    const stopping = await startTestServer();
    const agent = new Agent({ keepAlive: true });
    const { port: to } = new URL(`http://${stopping.address}`);
    const local_ports = new Set<number | undefined>();
    for (let index = 0; index < 3; index += 1) {
      const request = httpRequest({ port: to, path: APPEND, method: "POST", headers: JSON_TYPE, agent });
      request.end(body);
      const [response] = await once(request, "response");
      local_ports.add(request.socket?.localPort);
      await once(response.resume(), "end");
    }
    expect(local_ports.size).toBe(1);
    expect(stopping.rows()).toHaveLength(3);
    expect(await stopping.close()).toBe(0);
    agent.destroy();
  });
});
