import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { credentials } from "@grpc/grpc-js";
import { createApiClient } from "@sessionlog/client/rpc/api_client";
import { afterEach, beforeAll, expect, onTestFinished, test } from "vitest";
import { temporaryDirectory } from "../../cli/support.js";
import { type Authority, createAuthority, type Pair, writePair } from "../../support/certificates.js";
import { sessionBytes, startTestServer, type TestServer, type TestServerOptions } from "../../support/server.js";

let authority: Authority;
let foreign: Authority;
let pair: Pair;
let daemon: Pair;
beforeAll(async () => {
  [authority, foreign] = await Promise.all([createAuthority("authority"), createAuthority("foreign")]);
  [pair, daemon] = await Promise.all([authority.issue("log"), authority.issue("daemon")]);
});

let server: TestServer;
afterEach(() => server.close());

async function start(tls: TestServerOptions["tls"] = {}, client_ca = authority.cert): Promise<string> {
  const directory = temporaryDirectory();
  const files = writePair(directory, pair);
  writeFileSync(join(directory, "ca.pem"), client_ca);
  server = await startTestServer({ tls: { ...files, client_ca: join(directory, "ca.pem"), ...tls } });
  return directory;
}

function client(own?: Pair, roots = authority.cert) {
  const [root, key, cert] = [roots, own?.key, own?.cert].map((pem) => (pem === undefined ? null : Buffer.from(pem)));
  const api = createApiClient(server.address, { credentials: credentials.createSsl(root, key, cert) });
  onTestFinished(() => api.close());
  return api;
}

function append(own?: Pair) {
  return client(own).append(sessionBytes(), { deadline_ms: 5_000 });
}

async function handshake(options: object = {}): Promise<TLSSocket> {
  const socket = connect({ port: Number(server.address.split(":")[1]), ca: authority.cert, ...options });
  onTestFinished(() => void socket.destroy());
  await once(socket, "secureConnect");
  return socket;
}

function subjectOf(socket: TLSSocket): unknown {
  return socket.getPeerCertificate().subject.CN;
}

test("createTlsPort serves gRPC and JSON over TLS, and nothing in the clear", async () => {
  await start();
  expect(await append()).toMatchObject({ ok: true });
  const socket = await handshake({ ALPNProtocols: ["http/1.1"] });
  expect(socket.alpnProtocol).toBe("http/1.1");
  socket.write("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  const [answer] = await once(socket, "data");
  expect(String(answer)).toContain("404");
  expect(await server.client.append(sessionBytes(), { deadline_ms: 5_000 })).toMatchObject({ ok: false });
  expect(server.logs).toContainEqual(
    expect.objectContaining({ msg: "a TLS handshake failed", why: expect.any(String) }),
  );
});

test.each([
  ["none", undefined, true],
  ["optional", undefined, true],
  ["optional", "daemon", true],
  ["optional", "foreign", false],
  ["require", undefined, false],
  ["require", "daemon", true],
  ["require", "foreign", false],
  ["require", "self-signed", false],
  ["require", "expired", false],
])("createTlsPort with client_auth %s and a client's certificate of %s", async (client_auth, who, good) => {
  await start({ client_auth: client_auth === "none" || client_auth === "optional" ? client_auth : "require" });
  const own = {
    daemon,
    foreign: await foreign.issue("daemon"),
    expired: await authority.issue("daemon", { days: -1 }),
    "self-signed": await createAuthority("daemon"),
    none: undefined,
  }[who ?? "none"];
  expect(await append(own)).toMatchObject({ ok: good });
  expect(server.rows()).toHaveLength(good ? 1 : 0);
});

test.each<["1.2" | "1.3", "TLSv1.1" | "TLSv1.2" | "TLSv1.3", boolean]>([
  ["1.2", "TLSv1.1", false],
  ["1.2", "TLSv1.2", true],
  ["1.2", "TLSv1.3", true],
  ["1.3", "TLSv1.2", false],
])("createTlsPort with min_version %s and a client of %s", async (min_version, version, good) => {
  await start({ min_version });
  const attempt = handshake({ minVersion: version, maxVersion: version }).then(
    () => true,
    () => false,
  );
  expect(await attempt).toBe(good);
});

test("a new pair is used for new connections, those that are open stay", async () => {
  const directory = await start();
  const open = client();
  expect(await open.append(sessionBytes())).toMatchObject({ ok: true });
  writePair(directory, await authority.issue("renewed"));
  server.service.reopen();
  expect(subjectOf(await handshake())).toBe("renewed");
  expect(await open.append(sessionBytes())).toMatchObject({ ok: true });
  expect(server.logs.filter(({ msg }) => msg === "TLS certificate loaded")).toMatchObject([
    { subject: "CN=log" },
    { subject: "CN=renewed" },
  ]);
});

test("a pair of which one half is new changes nothing, and is told once, or at each SIGHUP", async () => {
  const directory = await start({ reload_interval_ms: 20 });
  const renewed = await authority.issue("renewed");
  const told = (message: string) => server.logs.filter(({ msg }) => String(msg).includes(message));
  writeFileSync(join(directory, "cert.pem"), renewed.cert);
  await expect.poll(() => told("changed files are not used")).toHaveLength(1);
  for (let times = 0; times < 3; times += 1) server.service.reopen();
  expect(subjectOf(await handshake())).toBe("log");
  expect(told("the configuration is not reloaded")).toHaveLength(3);
  writeFileSync(join(directory, "key.pem"), renewed.key);
  await expect.poll(async () => subjectOf(await handshake())).toBe("renewed");
  const reason = expect.stringContaining("is not the key of the certificate");
  expect(told("not used")).toMatchObject([{ section: "[tls]", reason }]);
  expect(told("not reloaded")).toMatchObject([{ reason }, { reason }, { reason }]);
});

test("connections of an authority that is taken out are cut, others stay", async () => {
  const directory = await start({ client_auth: "require" }, authority.cert + foreign.cert);
  const [stays, goes] = [client(daemon), client(await foreign.issue("daemon"))];
  for (const each of [stays, goes]) expect(await each.append(sessionBytes())).toMatchObject({ ok: true });
  const cut = goes.tail({ follow: true }, { signal: new AbortController().signal });
  const cut_ends = cut.next();
  writeFileSync(join(directory, "ca.pem"), authority.cert);
  server.service.reopen();
  expect(await cut_ends).toMatchObject({ done: true });
  expect(await goes.append(sessionBytes(), { deadline_ms: 2_000 })).toMatchObject({ ok: false });
  expect(await stays.append(sessionBytes())).toMatchObject({ ok: true });
});

test("the files are looked at again by themselves", async () => {
  const directory = await start({ reload_interval_ms: 20 });
  writePair(directory, await authority.issue("renewed"));
  await expect.poll(async () => subjectOf(await handshake())).toBe("renewed");
});

test("connections that never finish their handshake do not keep others waiting", async () => {
  await start();
  const port = Number(server.address.split(":")[1]);
  for (let index = 0; index < 50; index += 1) {
    const socket = connectSocket(port);
    onTestFinished(() => void socket.destroy());
    socket.on("error", () => {});
    if (index % 2 === 0) socket.write("\x16\x03\x01");
  }
  expect(await append()).toMatchObject({ ok: true });
});
