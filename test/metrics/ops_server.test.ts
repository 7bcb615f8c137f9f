import { once } from "node:events";
import { renameSync, writeFileSync } from "node:fs";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { connect as connectTls } from "node:tls";
import { afterEach, beforeAll, expect, onTestFinished, test } from "vitest";
import { temporaryDirectory } from "../cli/support.js";
import { type Authority, createAuthority, type Pair, writePair } from "../support/certificates.js";
import { createFakeJournal } from "../support/journal.js";
import { launchTestServer, startTestServer, type TestServer, type TestServerOptions } from "../support/server.js";

const TOKEN = "scrape-0123456789abcdef";
let authority: Authority;
let [pair, next_pair, scraper, stranger]: readonly (Pair | undefined)[] = [];
beforeAll(async () => {
  authority = await createAuthority("authority");
  const foreign = await createAuthority("foreign");
  [pair, next_pair, scraper, stranger] = await Promise.all([
    authority.issue("log"),
    authority.issue("next"),
    authority.issue("scraper"),
    foreign.issue("stranger"),
  ]);
});

let server: TestServer;
afterEach(() => server.close());

function addressOf({ logs }: TestServer): string {
  return String(logs.find(({ msg }) => msg === "metrics are served")?.address);
}

interface Answer {
  readonly code: number | undefined;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

function get(path: string, options: object = {}): Promise<Answer> {
  const port = addressOf(server).split(":")[1];
  const secure = "ca" in options;
  return new Promise((resolve, reject) => {
    const sent = (secure ? requestHttps : requestHttp)({ port, path, agent: false, ...options }, (response) => {
      text(response).then((body) => resolve({ code: response.statusCode, body, headers: response.headers }), reject);
    });
    sent.on("error", reject);
    sent.end();
  });
}

async function start(options: TestServerOptions = {}): Promise<void> {
  server = await startTestServer({ ...options, metrics: { listen: "127.0.0.1:0", ...options.metrics } });
}

test("startOpsServer serves metrics and health, and answers nothing else", async () => {
  await start();
  expect(await get("/metrics?x=1")).toMatchObject({
    code: 200,
    body: expect.stringContaining("\nsessionlog_last_sequence 0\n"),
    headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
  });
  expect(await get("/healthz")).toMatchObject({ code: 200, body: "ok\n" });
  expect(await get("/readyz")).toMatchObject({ code: 200, body: "ready\n" });
  expect(await get("/healthz", { method: "HEAD" })).toMatchObject({ code: 200, body: "" });
  expect(await get("/")).toMatchObject({ code: 404, body: "no such page; there are: /metrics, /healthz, /readyz\n" });
  expect(await get("/metrics", { method: "POST" })).toMatchObject({ code: 405, headers: { allow: "GET, HEAD" } });
  expect(await get("/metrics", { headers: { "x-long": "x".repeat(20_000) } })).toMatchObject({ code: 431 });
});

test("startOpsServer says why the service is not ready", async () => {
  const journal = createFakeJournal();
  journal.hold();
  server = await launchTestServer({ createJournal: () => journal, metrics: { listen: "127.0.0.1:0" } });
  expect(await get("/readyz")).toMatchObject({ code: 503, body: "the session log is not open yet\n" });
  expect(await get("/healthz")).toMatchObject({ code: 200 });
  journal.release();
  await server.service.opened;
  expect(await get("/readyz")).toMatchObject({ code: 200 });
  journal.enter("disk_full", "no room for the session log: ENOSPC");
  expect(await get("/readyz")).toMatchObject({ code: 503, body: "no room for the session log: ENOSPC\n" });
  journal.enter("open");
  journal.hold();
  server.service.stop();
  expect(await get("/readyz")).toMatchObject({ code: 503, body: "the service is shutting down\n" });
  journal.release();
});

test("startOpsServer rejects a start in one line when the port is in use", async () => {
  await start();
  const listen = addressOf(server);
  await expect(launchTestServer({ metrics: { listen } })).rejects.toThrow(
    `[metrics] listen: cannot listen on ${listen}: it is in use by another process`,
  );
});

test("startOpsServer lets only the token's holder read metrics, and a new token once its file has changed", async () => {
  const token_file = join(temporaryDirectory(), "token");
  writeFileSync(token_file, `${TOKEN}\n`);
  await start({ metrics: { token_file } });
  const scrape = (authorization: string) => get("/metrics", { headers: { authorization } });
  expect(await get("/metrics")).toMatchObject({ code: 401, headers: { "www-authenticate": "Bearer" } });
  for (const wrong of ["", "Basic x", "Bearer", `Bearer ${TOKEN}x`, `Bearer ${"x".repeat(10_000)}`]) {
    expect(await scrape(wrong)).toMatchObject({ code: 401, body: "credentials are required\n" });
  }
  expect(await scrape(`bearer ${TOKEN}`)).toMatchObject({ code: 200 });
  expect(await get("/readyz")).toMatchObject({ code: 200 });
  writeFileSync(token_file, "short");
  server.service.reopen();
  expect(await scrape(`Bearer ${TOKEN}`)).toMatchObject({ code: 200 });
  writeFileSync(token_file, "another-0123456789abcdef");
  server.service.reopen();
  expect(await scrape(`Bearer ${TOKEN}`)).toMatchObject({ code: 401 });
  expect(await scrape("Bearer another-0123456789abcdef")).toMatchObject({ code: 200 });
  expect(JSON.stringify(server.logs)).not.toContain("0123456789abcdef");
});

test("startOpsServer serves over TLS off loopback, to clients with a certificate, and takes a new pair", async () => {
  const directory = temporaryDirectory();
  if (!pair || !next_pair || !scraper || !stranger) throw new Error("no certificates");
  const client_ca = join(directory, "ca.pem");
  writeFileSync(client_ca, authority.cert);
  await start({
    tls: { ...writePair(directory, pair), client_ca },
    metrics: { listen: "0.0.0.0:0", tls: true },
  });
  const { cert: ca } = authority;
  expect(await get("/metrics", { ca })).toMatchObject({ code: 401 });
  expect(await get("/readyz", { ca })).toMatchObject({ code: 200 });
  expect(await get("/metrics", { ca, ...scraper })).toMatchObject({ code: 200 });
  await expect(get("/readyz", { ca, ...stranger })).rejects.toThrow();
  await expect(get("/readyz")).rejects.toThrow();

  const other = temporaryDirectory();
  const files = writePair(other, next_pair);
  for (const [name, path] of Object.entries(files)) renameSync(path, join(directory, `${name}.pem`));
  server.service.reopen();
  const socket = connectTls({ port: Number(addressOf(server).split(":")[1]), ca });
  onTestFinished(() => void socket.destroy());
  await once(socket, "secureConnect");
  expect(socket.getPeerCertificate().subject.CN).toBe("next");
});

test("startOpsServer warns at each start of metrics that are open to other machines", async () => {
  await start({ metrics: { listen: "0.0.0.0:0", open: true } });
  expect(await get("/metrics")).toMatchObject({ code: 200 });
  expect(server.logs).toContainEqual(
    expect.objectContaining({ level: 40, msg: "/metrics is open to everyone who reaches this address" }),
  );
});

test("startOpsServer has a bound for connections, and cuts them when the service ends", async () => {
  await start();
  const [host = "", port] = addressOf(server).split(":");
  const open = Array.from({ length: 33 }, () => connect(Number(port), host));
  const closed = open.map((socket) => new Promise((resolve) => socket.on("error", () => {}).on("close", resolve)));
  await Promise.race(closed);
  for (const socket of open.slice(1)) socket.destroy();
  await expect.poll(() => get("/healthz").catch(() => undefined), { timeout: 60_000 }).toMatchObject({ code: 200 });
  await server.close();
  await Promise.all(closed);
});
