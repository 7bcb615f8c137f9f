import { existsSync, readFileSync, statSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { createApiClient } from "@sessionlog/client/rpc/api_client";
import { afterEach, expect, test } from "vitest";
import { checkHealth } from "../../harness/probe.mjs";
import { JournalOpenError } from "../../src/journal/index.js";
import { StartError } from "../../src/service/launch.js";
import { createFakeJournal } from "../support/journal.js";
import { launchTestServer, sessionBytes, startTestServer, type TestServer } from "../support/server.js";

let server: TestServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

test("launchService says once that it is serving, with the real port and the log's path", async () => {
  server = await startTestServer();
  const { address, path, logs } = server;
  expect(address).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
  expect(logs.filter(({ msg }) => msg === "serving")).toMatchObject([{ level: 30, address, path }]);
});

test("launchService serves on a Unix socket, which is gone afterwards", async () => {
  const path = `/tmp/sessionlog-${process.pid}-${Date.now()}.sock`;
  server = await startTestServer({ server: { listen: `unix:${path}` } });
  expect(server.logs.at(-1)).toMatchObject({ msg: "serving", address: `unix:${path}` });
  expect(await server.client.append(sessionBytes())).toMatchObject({ ok: true });
  await server.close();
  expect(existsSync(path)).toBe(false);
});

test("launchService gives its Unix socket the mode and the group that are set", async () => {
  const path = `/tmp/sessionlog-${process.pid}-${Date.now()}.sock`;
  const group = process.getgid?.() ?? 0;
  server = await startTestServer({ server: { listen: `unix:${path}`, socket_mode: 0o620, socket_group: `${group}` } });
  expect(statSync(path).mode & 0o777).toBe(0o620);
  expect(statSync(path).gid).toBe(group);
  const wrong = startTestServer({ server: { listen: `unix:${path}`, socket_group: "no-such-group" } });
  await expect(wrong).rejects.toThrow("[server] socket_group: /etc/group has no group no-such-group");
});

test("launchService listens before the journal is open: NOT_SERVING, and appends are told to come back", async () => {
  const journal = createFakeJournal();
  journal.hold();
  server = await launchTestServer({ createJournal: () => ({ ...journal, append: createFakeJournal().append }) });
  expect(await checkHealth(server.client, "")).toEqual({ ok: true, value: "NOT_SERVING" });
  expect(await server.client.append(sessionBytes())).toMatchObject({
    ok: false,
    code_name: "UNAVAILABLE",
    retry_after_ms: 1_000,
  });
  expect(server.logs).not.toContainEqual(expect.objectContaining({ msg: "serving" }));
  journal.release();
  await server.service.opened;
  expect(await checkHealth(server.client, "")).toEqual({ ok: true, value: "SERVING" });
});

test.each([
  ["0.0.0.0:0", 1],
  ["127.0.0.1:0", 0],
])("launchService warns at a start with --insecure on %s: %i", async (listen, times) => {
  server = await startTestServer({ server: { listen, insecure: true } });
  const warnings = server.logs.filter(({ msg }) => String(msg).startsWith("--insecure: anyone"));
  expect(warnings).toMatchObject(Array.from({ length: times }, () => ({ level: 40, listen })));
});

test("launchService rejects with one line when the port is in use", async () => {
  server = await startTestServer();
  const again = launchTestServer({ server: { listen: server.address } });
  await expect(again).rejects.toThrow(StartError);
  await expect(again).rejects.toThrow(`cannot listen on ${server.address}: it is in use by another process`);
});

test("launchService gives up its port when the journal cannot be opened", async () => {
  const open = () => Promise.reject(new JournalOpenError("/logs/s.jsonl: held by another process"));
  server = await launchTestServer({ createJournal: () => ({ ...createFakeJournal(), open }) });
  await expect(server.service.opened).rejects.toThrow(new StartError("/logs/s.jsonl: held by another process"));
  expect(await checkHealth(server.client, "")).toMatchObject({ ok: false, code_name: "UNAVAILABLE" });
});

test("launchService refuses a second writer of the same session log", async () => {
  server = await startTestServer();
  const second = await launchTestServer({ log: { path: server.path } });
  await expect(second.service.opened).rejects.toThrow(StartError);
  await second.close();
  expect(await server.client.append(sessionBytes())).toMatchObject({ ok: true });
});

test("stop before the journal is open ends with 0, without ever serving", async () => {
  const journal = createFakeJournal();
  journal.hold();
  server = await launchTestServer({ createJournal: () => journal });
  server.service.stop();
  journal.release();
  expect(await server.service.ended).toBe(0);
  await server.service.opened;
  expect(server.logs).not.toContainEqual(expect.objectContaining({ msg: "serving" }));
});

test("a full disk is told as RESOURCE_EXHAUSTED and NOT_SERVING until it is over", async () => {
  const journal = createFakeJournal();
  server = await startTestServer({ createJournal: () => journal });
  journal.enter("disk_full");
  journal.refuseWith({ kind: "disk_full", message: "no space", retry_after_ms: 1_000 });
  expect(await server.client.append(sessionBytes())).toMatchObject({
    code_name: "RESOURCE_EXHAUSTED",
    message: "no space",
    retry_after_ms: 1_000,
  });
  expect(await checkHealth(server.client, "")).toEqual({ ok: true, value: "NOT_SERVING" });
  journal.refuseWith(undefined);
  journal.enter("open");
  expect(await checkHealth(server.client, "")).toEqual({ ok: true, value: "SERVING" });
  expect(await server.client.append(sessionBytes())).toMatchObject({ ok: true });
});

test("a journal that fails answers what is pending with UNAVAILABLE and ends the service with 1", async () => {
  const journal = createFakeJournal();
  server = await startTestServer({ createJournal: () => journal });
  journal.hold();
  const pending = server.client.append(sessionBytes());
  await arrival(() => journal.appends.length === 1);
  journal.refuseWith({ kind: "failed", message: "fdatasync: EIO", retry_after_ms: 1_000 });
  journal.enter("failed", "fdatasync: EIO");
  journal.release();
  expect(await pending).toMatchObject({ ok: false, code_name: "UNAVAILABLE", message: "fdatasync: EIO" });
  expect(await server.service.ended).toBe(1);
  expect(server.logs).toContainEqual(expect.objectContaining({ level: 60, msg: "fdatasync: EIO" }));
});

test("stop under load: every acknowledged row is in the file, and the exit code is 0", async () => {
  server = await startTestServer();
  const acknowledged: string[] = [];
  const statuses = new Set<string>();
  const clients = Array.from({ length: 4 }, () => createApiClient(server?.address ?? ""));
  const callers = clients.flatMap((client, number) =>
    Array.from({ length: 32 }, async (_, caller) => {
      for (let call = 0; ; call += 1) {
        const session_id = `c${number}-${caller}-${call}`;
        const reply = await client.append(sessionBytes({ session_id }));
        if (!reply.ok) {
          statuses.add(reply.code_name);
          return;
        }
        acknowledged.push(session_id);
      }
    }),
  );
  await arrival(() => acknowledged.length > 2_000);
  server.service.stop();
  expect(await server.service.ended).toBe(0);
  const stored = new Set(
    readFileSync(server.path, "utf8")
      .trimEnd()
      .split("\n")
      .map((row) => JSON.parse(row).session_id),
  );
  await Promise.all(callers);
  for (const client of clients) client.close();
  expect([...statuses]).toEqual(["UNAVAILABLE"]);
  expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
  // And what was stored was answered: no row without its reply.
  expect(stored.size).toBe(acknowledged.length);
});

test("stop answers what is queued and refuses what comes later on the same connection", async () => {
  const journal = createFakeJournal();
  server = await startTestServer({ createJournal: () => journal });
  journal.hold();
  const queued = server.client.append(sessionBytes());
  await arrival(() => journal.appends.length === 1);
  server.service.stop();
  expect(await checkHealth(server.client, "")).toEqual({ ok: true, value: "NOT_SERVING" });
  const late = { ok: false, code_name: "UNAVAILABLE", retry_after_ms: 1_000 };
  expect(await server.client.append(sessionBytes())).toMatchObject(late);
  expect(await server.client.appendBatch([sessionBytes()])).toMatchObject(late);
  journal.release();
  expect(await queued).toMatchObject({ ok: true, value: { sequence: 1 } });
  expect(await server.service.ended).toBe(0);
  expect(await server.client.append(sessionBytes())).toMatchObject({ ok: false, code_name: "UNAVAILABLE" });
});

test("stop is not held up by a client that never finishes its request", async () => {
  server = await startTestServer({ server: { drain_timeout_ms: 200 } });
  const session = connectHttp2(`http://${server.address}`);
  session.on("error", () => {});
  const stream = session.request({
    ":method": "POST",
    ":path": "/sessionlog.v1.SessionLog/AppendSession",
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.on("error", () => {});
  stream.write(Buffer.from([0, 0, 0, 1, 0]));
  expect(await server.client.append(sessionBytes())).toMatchObject({ ok: true });
  server.service.stop();
  expect(await server.service.ended).toBe(0);
  expect(server.logs.at(-1)).toMatchObject({ level: 40, reason: "drain_timeout is over" });
  session.destroy();
});

/** Resolves once the condition holds; looks after every turn of the event loop. */
async function arrival(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
