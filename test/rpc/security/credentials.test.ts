import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { credentials } from "@grpc/grpc-js";
import { createApiClient } from "@sessionlog/client/rpc/api_client";
import { SessionLogService } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createAuthority, writePair } from "../../support/certificates.js";
import { AUTH, tokens } from "../../support/identities.js";
import { sessionBytes, startTestServer, type TestServer } from "../../support/server.js";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "sessionlog-credentials-"));
  writeFileSync(join(directory, "auth.toml"), AUTH);
});
afterAll(() => rmSync(directory, { recursive: true }));

describe("a token in a header, byte by byte", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ auth: { file: join(directory, "auth.toml") } });
  });
  afterAll(() => server.close());

  const good = `authorization: Bearer ${tokens.append}`;
  const bad = "authorization: Bearer slt_unknown";

  test.each<[string, readonly string[], number]>([
    ["no header", [], 401],
    ["a header without a value", ["authorization:"], 401],
    ["a token of 0 bytes", ["authorization: Bearer "], 401],
    ["a token of 1 byte", ["authorization: Bearer x"], 401],
    ["a token of 10,000 bytes", [`authorization: Bearer ${"x".repeat(10_000)}`], 401],
    ["a token that is not ASCII", ["authorization: Bearer slt_\u00e9"], 401],
    ["a token with a tab", ["authorization: Bearer slt\tappend"], 401],
    ["Basic", ["authorization: Basic c2x0X2FwcGVuZA=="], 401],
    ["a token and more", [`${good} x`], 401],
    ["lower case bearer", [`authorization: bearer ${tokens.append}`], 200],
    ["a name in capitals", [`AUTHORIZATION: BEARER ${tokens.append}`], 200],
    ["blanks around it", [`authorization:   Bearer   ${tokens.append}  `], 200],
    // The first counts, in HTTP/2 too: Node hands on no other.
    ["two headers, the first one good", [good, bad], 200],
    ["two headers, the first one bad", [bad, good], 401],
  ])("%s", async (_what, headers, expected) => {
    const [host, port] = server.address.split(":");
    const socket = connectSocket(Number(port), host);
    onTestFinished(() => void socket.destroy());
    await once(socket, "connect");
    const record = { daemon: "validatord-1", kind: "fill", final_verdict: "infra_error" };
    const body = JSON.stringify({ record, validate_only: true });
    const head = [
      `POST ${SessionLogService.appendSession.path} HTTP/1.1`,
      "host: log",
      "connection: close",
      "content-type: application/json",
      `content-length: ${body.length}`,
      ...headers,
    ];
    socket.write(Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`, "latin1"));
    expect(await text(socket)).toMatch(new RegExp(`^HTTP/1.1 ${expected} `));
    expect(JSON.stringify(server.logs)).not.toContain("slt_");
  });
});

describe("JSON over HTTP is held to the same roles", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ auth: { file: join(directory, "auth.toml") } });
  });
  afterAll(() => server.close());

  const who = [undefined, tokens.append, tokens.read, tokens.admin, "slt_unknown", tokens.expired];
  const record = (daemon: string) => ({ daemon, kind: "fill", final_verdict: "infra_error" });
  const { appendSession, batchAppendSessions, tailSessions } = SessionLogService;
  // By nobody, append, read, admin, an unknown and an expired token.
  test.each<[string, string, object, readonly number[]]>([
    ["append, own daemon", appendSession.path, { record: record("validatord-1") }, [401, 200, 403, 200, 401, 401]],
    ["append, foreign daemon", appendSession.path, { record: record("mailsmith") }, [401, 403, 403, 200, 401, 401]],
    [
      "batch",
      batchAppendSessions.path,
      { records: [record("validatord-1"), record("mailsmith")] },
      [401, 200, 403, 200, 401, 401],
    ],
    ["tail, which JSON has not", tailSessions.path, {}, [401, 403, 404, 404, 401, 401]],
    ["an unknown method", "/sessionlog.v1.SessionLog/Nothing", {}, [401, 404, 404, 404, 401, 401]],
  ])("%s", async (_what, path, body, expected) => {
    const found = [];
    for (const token of who) {
      const reply = await fetch(`http://${server.address}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
        body: JSON.stringify(body),
      });
      found.push(reply.status);
      await reply.text();
    }
    expect(found).toEqual(expected);
  });
});

test.each<[string, string | undefined, string]>([
  ["nothing", undefined, "OK"],
  ["a token of another identity", tokens.admin, "OK"],
  ["a token of a reader", tokens.read, "PERMISSION_DENIED"],
  ["an unknown token", "slt_unknown", "UNAUTHENTICATED"],
  ["an expired token", tokens.expired, "UNAUTHENTICATED"],
])("on a Unix socket with unix_identity, a client that shows %s", async (_what, token, expected) => {
  const address = `unix:${join(directory, "s")}`;
  const server = await startTestServer({
    server: { listen: address },
    auth: { file: join(directory, "auth.toml"), unix_identity: "validatord" },
  });
  onTestFinished(async () => void (await server.close()));
  const metadata = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const reply = await server.client.append(sessionBytes({ daemon: "" }), { metadata });
  expect(reply.ok ? "OK" : reply.code_name).toBe(expected);
  expect(server.rows().map((row) => JSON.parse(row).daemon)).toEqual(
    expected === "OK" ? [token === tokens.admin ? "boss" : "validatord"] : [],
  );
});

test("unix_identity is for Unix sockets only", async () => {
  const server = await startTestServer({
    auth: { file: join(directory, "auth.toml"), unix_identity: "validatord" },
  });
  onTestFinished(async () => void (await server.close()));
  expect(await server.client.append(sessionBytes())).toMatchObject({ code_name: "UNAUTHENTICATED" });
});

test("a certificate that no identity has is no credential", async () => {
  const authority = await createAuthority("authority");
  const pair = writePair(directory, await authority.issue("log"));
  writeFileSync(join(directory, "ca.pem"), authority.cert);
  const server = await startTestServer({
    tls: { ...pair, client_ca: join(directory, "ca.pem"), client_auth: "require" },
    auth: { file: join(directory, "auth.toml") },
  });
  onTestFinished(async () => void (await server.close()));
  const connect = async (name: string) => {
    const own = await authority.issue("CN=validatord", { names: [{ type: "url", value: name }] });
    const [ca, key, cert] = [authority.cert, own.key, own.cert].map((pem) => Buffer.from(pem));
    const client = createApiClient(server.address, { credentials: credentials.createSsl(ca ?? null, key, cert) });
    onTestFinished(() => client.close());
    return client.append(sessionBytes());
  };
  expect(await connect("spiffe://test/other")).toMatchObject({ code_name: "UNAUTHENTICATED" });
  expect(await connect("spiffe://test/validatord")).toMatchObject({ ok: true });
  expect(server.logs).toContainEqual(expect.objectContaining({ reason: "unknown_certificate" }));
});
