import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiClient, createApiClient } from "@sessionlog/client/rpc/api_client";
import { pino } from "pino";
import { type Config, loadConfig } from "../../src/config/config.js";
import { fixedConfig, type RunningConfig } from "../../src/config/reload.js";
import { createJournal, type Journal, type JournalOptions } from "../../src/journal/index.js";
import { recordJsonToBytes } from "../../src/record/index.js";
import { type LaunchedService, launchService, type ServiceParts } from "../../src/service/launch.js";

export interface TestServerOptions {
  readonly server?: Partial<Config["server"]>;
  readonly tls?: Partial<Config["tls"]>;
  readonly auth?: Partial<Config["auth"]>;
  readonly metrics?: Partial<Config["metrics"]>;
  readonly log?: Partial<Config["log"]>;
  readonly record?: Partial<Config["record"]>;
  readonly rotation?: Partial<Config["rotation"]>;
  readonly retention?: Partial<Config["retention"]>;
  /** In place of the real journal. */
  readonly createJournal?: (options: JournalOptions) => Journal;
  /** What records without a timestamp get. */
  readonly now?: () => { seconds: number; nanos: number };
  /** What records and calls without an id get: "new-1", "new-2", … unless told. */
  readonly newSessionId?: () => string;
  readonly observer?: ServiceParts["observer"];
  /** The configuration as it can be read again; by default it stays as it is. */
  readonly running?: (config: Config) => RunningConfig;
}

/** One line of the service's log. */
export type LogLine = Readonly<Record<string, unknown>>;

export interface TestServer {
  readonly service: LaunchedService;
  readonly client: ApiClient;
  readonly address: string;
  /** The session log. */
  readonly path: string;
  readonly directory: string;
  readonly logs: readonly LogLine[];
  /** The rows in the file now, without their newlines. */
  rows(): string[];
  /** The file's bytes now. */
  bytes(): Buffer;
  /** Drains the service and removes its directory. Resolves with the exit code. */
  close(): Promise<number>;
}

const { config: defaults } = loadConfig({
  flags: new Map(),
  config_flag: undefined,
  env: {},
  cwd: "/",
  readFile() {
    throw Object.assign(new Error("no file"), { code: "ENOENT" });
  },
});

/** What the service runs with when nothing else is said, on a free port and in this directory. */
export function testConfig(directory: string, options: TestServerOptions = {}): Config {
  return {
    server: {
      ...defaults.server,
      listen: "127.0.0.1:0",
      drain_timeout_ms: 5_000,
      max_connection_idle_ms: 0,
      ...options.server,
    },
    tls: { ...defaults.tls, ...options.tls },
    auth: { ...defaults.auth, ...options.auth },
    log: {
      path: join(directory, "sessions.jsonl"),
      durability: "fsync",
      queue_rows: 65_536,
      queue_bytes: 64 * 1024 * 1024,
      ...options.log,
    },
    record: { kinds: ["fill", "email", "playbook"], default_daemon: "", ...options.record },
    rotation: { max_bytes: 0, interval: "none", compress: "none", ...options.rotation },
    retention: { max_age_ms: 0, max_segments: 0, max_bytes: 0, ...options.retention },
    logs: { level: "debug", format: "json", unsafe_trace: false },
    metrics: { ...defaults.metrics, ...options.metrics },
    langfuse: { url: "" },
    audit: { roster: "", roster_id: "worker_id", ids: "fills[].candidate_id" },
  };
}

/** A real service with a real port and, unless told, a real journal, in a new directory. Accepts appends when this
 * resolves. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const server = await launchTestServer(options);
  await server.service.opened;
  return server;
}

/** As startTestServer, but does not wait until the journal is open. */
export async function launchTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const directory = mkdtempSync(join(tmpdir(), "sessionlog-test-"));
  const config = testConfig(directory, options);
  const { logger, logs } = collectLogs();
  let ids = 0;
  const service = await launchService(options.running?.(config) ?? fixedConfig(config), logger, {
    createJournal: options.createJournal ?? createJournal,
    now: options.now ?? (() => ({ seconds: 1_777_699_329, nanos: 0 })),
    newSessionId: options.newSessionId ?? (() => `new-${++ids}`),
    ...(options.observer && { observer: options.observer }),
  }).catch((error: unknown) => {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  });
  const client = createApiClient(service.address);
  const bytes = () => readFileSync(config.log.path);
  return {
    service,
    client,
    address: service.address,
    path: config.log.path,
    directory,
    logs,
    bytes,
    rows: () => bytes().toString().split("\n").slice(0, -1),
    async close() {
      client.close();
      service.stop();
      const code = await service.ended;
      rmSync(directory, { recursive: true, force: true });
      return code;
    },
  };
}

/** A logger whose lines can be looked at, debug included. */
export function collectLogs(): { logger: pino.Logger; logs: LogLine[] } {
  const logs: LogLine[] = [];
  const logger = pino({ level: "debug" }, { write: (line: string) => void logs.push(JSON.parse(line)) });
  return { logger, logs };
}

/** The protobuf bytes of a small session that is valid as it is, with other fields put over it. */
export function sessionBytes(fields: object = {}): Uint8Array {
  const session = {
    session_id: "s-1",
    timestamp: "2026-05-02T05:22:09Z",
    daemon: "validatord",
    kind: "fill",
    final_verdict: "infra_error",
    ...fields,
  };
  const encoded = recordJsonToBytes(JSON.stringify(session));
  if (!encoded.ok) throw new Error(JSON.stringify(encoded.violations));
  return encoded.bytes;
}
