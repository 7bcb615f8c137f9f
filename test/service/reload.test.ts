import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { credentials } from "@grpc/grpc-js";
import { createApiClient } from "@sessionlog/client/rpc/api_client";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { loadConfig } from "../../src/config/config.js";
import { runningConfig } from "../../src/config/reload.js";
import { NO_OBSERVER } from "../../src/journal/types.js";
import { NO_RPC_OBSERVER } from "../../src/rpc/observer.js";
import { NO_SERVICE_OBSERVER } from "../../src/service/observer.js";
import { temporaryDirectory } from "../cli/support.js";
import { createAuthority, writePair } from "../support/certificates.js";
import { AUTH, tokens } from "../support/identities.js";
import { sessionBytes, startTestServer, type TestServer } from "../support/server.js";

let directory: string;
let server: TestServer;
let reports: [good: boolean, config_hash: string][];
beforeEach(() => {
  directory = temporaryDirectory();
  reports = [];
});
afterEach(() => server.close());

const file = () => join(directory, "sessionlog.toml");

/** A service on a free port, with this configuration file. */
async function start(toml: string): Promise<void> {
  writeFileSync(file(), toml);
  const observer = {
    ...NO_OBSERVER,
    ...NO_RPC_OBSERVER,
    ...NO_SERVICE_OBSERVER,
    configReloaded: (good: boolean, _time_ms: number, hash: string) => void reports.push([good, hash]),
  };
  server = await startTestServer({
    observer,
    running({ log: { path } }) {
      const flags = new Map([
        ["server.listen", { flag: "--listen", text: "127.0.0.1:0" }],
        ["log.path", { flag: "--path", text: path }],
      ]);
      const load = () =>
        loadConfig({ flags, config_flag: undefined, env: {}, cwd: directory, readFile: (name) => readFileSync(name) });
      return runningConfig(load(), load);
    },
  });
}

function reload(toml: string): void {
  writeFileSync(file(), toml);
  server.service.reopen();
}

const told = (message: string) => server.logs.filter(({ msg }) => String(msg).includes(message));
const append = (fields: object = {}, token?: string) =>
  server.client.append(
    sessionBytes(fields),
    token === undefined ? {} : { metadata: { authorization: `Bearer ${token}` } },
  );

describe("a reload", () => {
  test("takes kinds, a default daemon, limits, level, rotation and retention; names what has changed and the rest", async () => {
    await start("[server]\nmax_tails = 1\n");
    expect(await append({ kind: "song" })).toMatchObject({ ok: false });
    reload(`[server]
max_message_bytes = "1KiB"
drain_timeout = "1m"
[log]
queue_rows = 7
[record]
kinds = ["song"]
default_daemon = "singer"
[logs]
level = "error"
[rotation]
max_bytes = "64KiB"
`);
    expect(await append({ session_id: "a", kind: "song", daemon: "" })).toMatchObject({ ok: true });
    expect(await append({ prompt: "x".repeat(2_000) })).toMatchObject({ code_name: "RESOURCE_EXHAUSTED" });
    expect(told("reloaded")).toEqual([]);
    reload("");
    expect(await append({ session_id: "b", prompt: "x".repeat(2_000) })).toMatchObject({ ok: true });
    reload('[rotation]\nmax_bytes = "64KiB"\n[log]\nqueue_rows = 7\n[audit]\nids = "a[]"\n');
    expect(told("configuration reloaded").slice(1)).toMatchObject([
      { changed: ["[rotation] max_bytes", "[audit] ids"], config_hash: reports.at(-1)?.[1] },
    ]);
    expect(told("needs a restart")).toMatchObject([{ level: 40, msg: "needs a restart: [log] queue_rows" }]);
    expect(reports.map(([good]) => good)).toEqual([true, true, true, true]);
    expect(new Set(reports.map(([, hash]) => hash)).size).toBe(4);
  });

  test("applies what grpc-js is made with to connections to come, and leaves those that are open", async () => {
    await start("");
    const connect = async () => {
      const session = connectHttp2(`http://${server.address}`);
      onTestFinished(() => session.destroy());
      const [settings] = await once(session, "remoteSettings");
      return { session, streams: Object(settings).maxConcurrentStreams };
    };
    const before = await connect();
    expect(await append()).toMatchObject({ ok: true });
    reload('[server]\nmax_concurrent_streams = 7\nmax_connection_idle = "1s"\nmax_message_bytes = "2KiB"\n');
    const after = await connect();
    expect([before.streams, after.streams]).toEqual([100, 7]);
    await once(after.session, "close");
    expect(before.session.closed).toBe(false);
    expect(await append({ session_id: "a", prompt: "x".repeat(3_000) })).toMatchObject({ ok: false });
    expect(await append({ session_id: "b" })).toMatchObject({ ok: true });
  });

  test("with a file that is wrong changes nothing, and says so in check-config's one line", async () => {
    await start('[record]\nkinds = ["fill"]\n');
    reload('[record]\nkinds = ["song"]\n[rotation]\nmax_byts = 1\n');
    expect(await append({ kind: "song" })).toMatchObject({ ok: false });
    expect(await append()).toMatchObject({ ok: true });
    expect(told("not reloaded")).toMatchObject([
      { level: 50, reason: `${file()}: [rotation] max_byts is not a known key; did you mean max_bytes?` },
    ]);
    rmSync(file());
    server.service.reopen();
    expect(told("not reloaded")[1]).toMatchObject({
      reason: `${file()}: no such file or directory; it was read before`,
    });
    reload('[record]\nkinds = ["song"]\n');
    expect(await append({ kind: "song" })).toMatchObject({ ok: true });
    expect(reports.map(([good]) => good)).toEqual([true, false, false, true]);
    expect(reports[2]?.[1]).toBe(reports[0]?.[1]);
  });

  test("takes all or nothing: a wrong file of [auth] keeps the configuration as it was", async () => {
    writeFileSync(join(directory, "auth.toml"), "[[identity]]\n");
    await start("");
    reload('[record]\nkinds = ["song"]\n[auth]\nfile = "auth.toml"\n');
    expect(await append()).toMatchObject({ ok: true });
    expect(told("not reloaded")).toMatchObject([{ reason: expect.stringMatching(/auth\.toml:1: name: expected/) }]);
  });

  test("turns [auth] on, which ends the streams of nobody, and off", async () => {
    writeFileSync(join(directory, "auth.toml"), AUTH);
    await start("");
    const signal = new AbortController().signal;
    const tail = server.client.tail({ follow: true }, { signal }).next();
    await expect.poll(() => told("tail opened")).toHaveLength(1);
    reload('[auth]\nfile = "auth.toml"\n');
    expect(await tail).toMatchObject({ done: true, value: { code_name: "UNAUTHENTICATED" } });
    expect(await append()).toMatchObject({ code_name: "UNAUTHENTICATED" });
    expect(await append({}, tokens.admin)).toMatchObject({ ok: true });
    reload("");
    expect(await append()).toMatchObject({ ok: true });
  });

  test("turns TLS on, which cuts connections in the clear, asks for certificates, and turns it off", async () => {
    const authority = await createAuthority("authority");
    const daemon = await authority.issue("daemon");
    writePair(directory, await authority.issue("log"));
    writeFileSync(join(directory, "ca.pem"), authority.cert);
    await start("");
    const over = (own?: typeof daemon) => {
      const [root, key, cert] = [authority.cert, own?.key, own?.cert].map((pem) => (pem ? Buffer.from(pem) : null));
      const api = createApiClient(server.address, { credentials: credentials.createSsl(root, key, cert) });
      onTestFinished(() => api.close());
      return (deadline_ms = 30_000) => api.append(sessionBytes(), { deadline_ms });
    };
    const [nobody, known] = [over(), over(daemon)];
    expect(await append()).toMatchObject({ ok: true });
    const tls = '[tls]\ncert = "cert.pem"\nkey = "key.pem"\n';
    reload(tls);
    expect(await nobody()).toMatchObject({ ok: true });
    expect(await server.client.append(sessionBytes(), { deadline_ms: 500 })).toMatchObject({ ok: false });
    reload(`${tls}client_ca = "ca.pem"\nclient_auth = "require"\n`);
    expect(await known()).toMatchObject({ ok: true });
    expect(await nobody(500)).toMatchObject({ ok: false });
    reload("");
    expect(await known()).toMatchObject({ ok: true });
    await expect.poll(async () => (await append()).ok).toBe(true);
  });
});

test("50 reloads under load: no call fails", async () => {
  const authority = await createAuthority("authority");
  const pairs = [await authority.issue("log"), await authority.issue("renewed")];
  writeFileSync(join(directory, "auth.toml"), AUTH);
  const toml = (turn: number) => `
[server]
max_pending_bytes = "${turn % 2 === 0 ? "1MiB" : "128MiB"}"
max_active_calls_per_connection = ${1 + (turn % 3)}
[record]
kinds = ["fill", "song${turn}"]
[rotation]
max_bytes = "${turn % 2 === 0 ? "64KiB" : "1MiB"}"
[tls]
cert = "cert.pem"
key = "key.pem"
[auth]
file = "auth.toml"
`;
  const rewrite = (turn: number) => {
    const pair = pairs[turn % 2];
    if (pair !== undefined) writePair(directory, pair);
  };
  rewrite(0);
  await start(toml(0));
  const failures: unknown[] = [];
  let done = false;
  let calls = 0;
  const metadata = { authorization: `Bearer ${tokens.admin}` };
  const connect = () =>
    createApiClient(server.address, { credentials: credentials.createSsl(Buffer.from(authority.cert)) });
  const callers = Array.from({ length: 4 }, async (_, caller) => {
    let client = connect();
    while (!done) {
      const records = Array.from({ length: 5 }, () =>
        sessionBytes({ session_id: `s-${calls++}`, prompt: "x".repeat(500) }),
      );
      const replies = [
        ...records.map((record) => client.append(record, { metadata })),
        client.appendBatch(records, { metadata }),
      ];
      for (const reply of await Promise.all(replies)) if (!reply.ok) failures.push(reply);
      // Half of them make a handshake each time.
      if (caller % 2 === 1) continue;
      client.close();
      client = connect();
    }
    client.close();
  });
  for (let turn = 1; turn <= 50; turn += 1) {
    const before = calls;
    rewrite(turn);
    reload(toml(turn));
    while (calls < before + 10 && failures.length === 0) await setImmediate();
  }
  done = true;
  await Promise.all(callers);
  expect(failures).toEqual([]);
  expect(told("not reloaded")).toEqual([]);
  expect(told("configuration reloaded")).toHaveLength(50);
  expect(told("TLS certificate loaded")).toHaveLength(51);
  expect(reports).toHaveLength(51);
}, 60_000);
