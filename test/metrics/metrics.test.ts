import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import { createApiClient } from "@sessionlog/client/rpc/api_client";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createJournal, nodeDisk } from "../../src/journal/index.js";
import { createAuthority, writePair } from "../support/certificates.js";
import { AUTH, tokens } from "../support/identities.js";
import { sessionBytes, startTestServer, type TestServer, type TestServerOptions } from "../support/server.js";
import { metricsOf, seriesOf } from "./support.js";

const APPEND = "/sessionlog.v1.SessionLog/AppendSession";
const WAIT = { timeout: 60_000 };

let server: TestServer;
let ca: string;
const directory = mkdtempSync(join(tmpdir(), "sessionlog-metrics-"));
let held: Promise<void> = Promise.resolve();

/** The real disk, whose syncs wait while `held` does. */
const slowDisk: typeof nodeDisk = {
  ...nodeDisk,
  async open(...how) {
    const file = await nodeDisk.open(...how);
    return {
      ...file,
      async sync() {
        await held;
        await file.sync();
      },
    };
  },
};

async function scrapeText(of = server): Promise<string> {
  const address = of.logs.find(({ msg }) => msg === "metrics are served")?.address;
  return (await fetch(`http://${address}/metrics`)).text();
}

async function scrape(of = server): Promise<ReadonlyMap<string, number>> {
  return seriesOf(await scrapeText(of));
}

/** Waits until the event has moved a series as expected. */
async function moved(series: string, by: number, event: () => unknown): Promise<void> {
  const before = (await scrape()).get(series) ?? 0;
  await event();
  await expect.poll(async () => (await scrape()).get(series), WAIT).toBe(before + by);
}

function client(token?: string) {
  const { address } = server;
  const api = createApiClient(address, { credentials: credentials.createSsl(Buffer.from(ca)) });
  onTestFinished(() => api.close());
  const metadata = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return {
    append: (fields: object = {}) => api.append(sessionBytes(fields), { metadata }),
    batch: (...all: readonly object[]) => api.appendBatch(all.map(sessionBytes), { metadata }),
    unary: (path: string) => api.unary(path, Buffer.alloc(0), { metadata }),
    tail: (signal: AbortSignal) => api.tail({ follow: true }, { metadata, signal }),
  };
}

let next = 0;
/** A record that no other is equal to. */
const fill = (fields: object = {}) => ({ session_id: `m-${next++}`, final_verdict: "accepted", ...fields });

function start(options: TestServerOptions = {}) {
  return startTestServer({ ...options, metrics: { listen: "127.0.0.1:0" } });
}

beforeAll(async () => {
  const authority = await createAuthority("authority", 5);
  ca = authority.cert;
  const pair = await authority.issue("log", { days: 3 });
  writeFileSync(join(directory, "ca.pem"), ca);
  writeFileSync(join(directory, "auth.toml"), AUTH, { mode: 0o600 });
  // A log of before, whose end is torn.
  const path = join(directory, "log/sessions.jsonl");
  mkdirSync(join(directory, "log"));
  writeFileSync(path, '{"schema":"session.iterate.v1","timestamp":"2026-05-02T05:22:09Z"}\n{"sch');
  server = await start({
    tls: { ...writePair(directory, pair), client_ca: join(directory, "ca.pem"), client_auth: "optional" },
    auth: { file: join(directory, "auth.toml") },
    log: { path },
    server: { max_metadata_bytes: 4_096, max_active_calls_per_connection: 1 },
    retention: { max_segments: 1 },
    createJournal: (given) => createJournal({ ...given, disk: slowDisk }),
  });
});
afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

describe("createMetrics counts", () => {
  test("rows by kind and verdict, duplicates, and calls by status", async () => {
    const { append, batch } = client(tokens.admin);
    const call = (name: string) => `grpc_type="unary",grpc_service="sessionlog.v1.SessionLog",grpc_method="${name}"`;
    const record = fill({ kind: "email" });
    await moved('sessionlog_rows_appended_total{kind="email",final_verdict="accepted"}', 1, () => append(record));
    await moved("sessionlog_rows_duplicate_total", 1, () => append(record));
    await moved("sessionlog_last_sequence", 2, () => batch(fill({ kind: "email" }), fill({ kind: "email" })));
    await moved(`grpc_server_started_total{${call("AppendSession")}}`, 1, () => append(fill({ kind: "email" })));
    await moved(`grpc_server_handled_total{${call("AppendSession")},grpc_code="OK"}`, 1, () => append(record));
    await moved(`grpc_server_handled_total{${call("AppendSession")},grpc_code="InvalidArgument"}`, 1, () =>
      append({ kind: "song" }),
    );
    await moved(`grpc_server_handling_seconds_count{${call("BatchAppendSessions")}}`, 1, () => batch(record));
  });

  test("records that are refused, by their first reason", async () => {
    const { append } = client(tokens.admin);
    const own = client(tokens.append);
    const series = (reason: string) => `sessionlog_records_refused_total{reason="${reason}"}`;
    await moved(series("NOT_ALLOWED"), 1, () => append({ kind: "song" }));
    await moved(series("daemon_denied"), 1, () => own.append({ daemon: "shiftbot" }));
    await moved(series("daemon_denied"), 1, () => own.batch({ daemon: "shiftbot" }, fill()));
  });

  test("fills that are not grounded, or of which nobody knows, by identity", async () => {
    const { append, batch } = client(tokens.append);
    const label = '{identity="validatord"}';
    expect((await scrape()).get(`sessionlog_unchecked_fills_total{identity="boss"}`)).toBe(0);
    await moved(`sessionlog_ungrounded_fills_total${label}`, 1, () => append(fill({ grounded_in_roster: false })));
    await moved(`sessionlog_unchecked_fills_total${label}`, 2, () => batch(fill(), fill()));
    await moved(`sessionlog_unchecked_fills_total${label}`, 0, () => append(fill({ grounded_in_roster: true })));
  });

  test("what waits for the disk, and what groups take", async () => {
    let release = () => {};
    held = new Promise((resolve) => {
      release = resolve;
    });
    onTestFinished(() => release());
    const { append } = client(tokens.admin);
    const before = await scrape();
    const stored = append(fill());
    await expect.poll(async () => (await scrape()).get("sessionlog_queue_rows"), WAIT).toBe(1);
    expect((await scrape()).get("sessionlog_queue_bytes")).toBeGreaterThan(100);
    expect(before.get("sessionlog_queue_limit_bytes")).toBe(64 * 1024 * 1024);
    release();
    expect(await stored).toMatchObject({ ok: true });
    const after = await scrape();
    for (const histogram of ["fsync_seconds", "group_rows", "group_bytes"]) {
      const name = `sessionlog_${histogram}`;
      expect(after.get(`${name}_count`), name).toBe((before.get(`${name}_count`) ?? 0) + 1);
      expect(after.get(`${name}_sum`), name).toBeGreaterThan(before.get(`${name}_sum`) ?? 0);
    }
    expect(after.get("sessionlog_queue_rows")).toBe(0);
  });

  test("the files, what rotation and retention do, and what start has cut off", async () => {
    const { append } = client(tokens.admin);
    const figures = await scrape();
    expect(figures.get("sessionlog_torn_bytes_total")).toBe(5);
    expect(figures.get("sessionlog_oldest_row_timestamp_seconds")).toBe(Date.UTC(2026, 4, 2, 5, 22, 9) / 1_000);
    expect(figures.get("sessionlog_disk_total_bytes")).toBeGreaterThan(figures.get("sessionlog_disk_free_bytes") ?? 0);
    expect(figures.get("sessionlog_disk_free_bytes")).toBeGreaterThan(0);
    const appended = () => append(fill({ timestamp: "2026-06-01T00:00:00Z" }));
    await appended();
    const { length } = Buffer.from(server.bytes());
    await expect.poll(async () => (await scrape()).get("sessionlog_journal_bytes"), WAIT).toBe(length);
    expect((await scrape()).get("sessionlog_last_append_timestamp_seconds")).toBeGreaterThan(Date.now() / 1_000 - 600);
    await moved("sessionlog_segments", 1, server.service.rotate);
    await appended();
    await moved("sessionlog_rotations_total", 1, server.service.rotate);
    await expect.poll(async () => (await scrape()).get("sessionlog_retention_removed_segments_total"), WAIT).toBe(1);
    await expect
      .poll(async () => (await scrape()).get("sessionlog_oldest_row_timestamp_seconds"), WAIT)
      .toBe(Date.UTC(2026, 5, 1) / 1_000);
  });

  test("failures of what is done beside", async () => {
    const blocked = join(directory, "log/sessions.sha256.tmp");
    mkdirSync(blocked);
    onTestFinished(() => rmSync(blocked, { recursive: true }));
    await client(tokens.admin).append(fill());
    const before = (await scrape()).get("sessionlog_janitor_failures_total") ?? 0;
    server.service.rotate();
    await expect
      .poll(async () => (await scrape()).get("sessionlog_janitor_failures_total"), WAIT)
      .toBeGreaterThan(before);
  });

  test("who is let in, with which token, and which certificates", async () => {
    const figures = await scrape();
    const used = (identity: string, id: string) =>
      `sessionlog_token_last_used_timestamp_seconds{identity="${identity}",token_id="${id}"}`;
    expect(figures.get(used("validatord", "old"))).toBe(0);
    expect(figures.get(used("analyst", "r"))).toBe(0);
    await client(tokens.read).append();
    expect((await scrape()).get(used("analyst", "r"))).toBe(0);
    const aborted = new AbortController();
    await moved("sessionlog_tails", 1, () => void client(tokens.read).tail(aborted.signal).next());
    expect((await scrape()).get(used("analyst", "r"))).toBeGreaterThan(Date.now() / 1_000 - 600);
    await moved("sessionlog_tails", -1, () => aborted.abort());
    const failures = (reason: string) => `sessionlog_auth_failures_total{reason="${reason}"}`;
    await moved(failures("no_credentials"), 1, () => client().append());
    await moved(failures("unknown_token"), 1, () => client("slt_made_up").append());
    await moved(failures("role"), 1, () => client(tokens.read).append());
    const expires = (role: string) => `sessionlog_tls_certificate_not_after_timestamp_seconds{role="${role}"}`;
    const days = (role: string) => Math.round(((figures.get(expires(role)) ?? 0) - Date.now() / 1_000) / 86_400);
    expect([days("server"), days("client_ca")]).toEqual([3, 5]);
  });

  test("connections, and those that fail; calls that wait, and those that are cut", async () => {
    const port = Number(server.address.split(":")[1]);
    await moved('sessionlog_connections_refused_total{reason="handshake"}', 1, () => {
      const socket = connect(port);
      socket.on("error", () => {});
      socket.end("this is no TLS");
    });
    const { unary } = client(`${tokens.admin} ${"x".repeat(5_000)}`);
    await moved('sessionlog_auth_failures_total{reason="malformed"}', 1, () => unary(APPEND));
    const before = (await scrape()).get("sessionlog_connections") ?? 0;
    const session = connectHttp2(`https://localhost:${port}`, { ca });
    onTestFinished(() => session.destroy());
    session.on("error", () => {});
    const call = (headers: object = {}) => {
      const authorization = `Bearer ${tokens.admin}`;
      const stream = session.request({
        ":method": "POST",
        ":path": APPEND,
        "content-type": "application/grpc",
        authorization,
        ...headers,
      });
      stream.on("error", () => {});
      return stream;
    };
    await moved('sessionlog_calls_cut_total{reason="limit"}', 1, () => call({ "x-note": "n".repeat(5_000) }).end());
    expect((await scrape()).get("sessionlog_connections")).toBeGreaterThan(before);
    call().write(Buffer.from([0]));
    await moved("sessionlog_calls_waiting", 1, () => void call().write(Buffer.from([0])));
  });

  test("the state of the session log, what runs, and the process", async () => {
    const other = await start();
    const figures = await scrape(other);
    expect(figures.get('sessionlog_journal_state{state="open"}')).toBe(1);
    const info = [...figures.keys()].find((name) => name.startsWith("sessionlog_build_info{"));
    expect(info).toContain(`version="0.1.0",node="${process.version}",config_hash=`);
    expect(figures.get("sessionlog_ungrounded_fills_total")).toBe(0);
    for (const name of ["process_open_fds", "process_max_fds", "process_resident_memory_bytes"]) {
      expect(figures.get(name), name).toBeGreaterThan(0);
    }
    expect([...figures.keys()].filter((name) => name.startsWith("nodejs_gc"))).toEqual([]);
    expect(figures.has("nodejs_eventloop_lag_p99_seconds")).toBe(true);
    await other.close();
  });

  test("whether what was read last of the configuration is in use", async () => {
    const good = "sessionlog_config_last_reload_successful";
    const since = "sessionlog_config_last_reload_success_timestamp_seconds";
    const before = (await scrape()).get(since) ?? 0;
    const cert = readFileSync(join(directory, "cert.pem"));
    writeFileSync(join(directory, "cert.pem"), "no certificate");
    await moved(good, -1, server.service.reopen);
    writeFileSync(join(directory, "cert.pem"), cert);
    await moved(good, 1, server.service.reopen);
    expect((await scrape()).get(since)).toBeGreaterThan(before);
  });

  test("what docs/OPERATIONS.md has in its table", async () => {
    const page = readFileSync(new URL("../../docs/OPERATIONS.md", import.meta.url), "utf8");
    const [, table = ""] = /<!-- metrics -->\n([\s\S]*)\n<!-- end of metrics -->/.exec(page) ?? [];
    const rows = metricsOf(await scrapeText()).map(
      ({ name, type, labels, help }) => `| \`${name}\` | ${type} | ${labels} | ${help.replace(/\.$/, "")} |`,
    );
    const narrow = (row: string) => row.replaceAll(/ +/g, " ");
    expect(table.split("\n").slice(2).map(narrow)).toEqual(rows.map(narrow));
  });
});
