import { describe, expect, test } from "vitest";
import { ConfigError, type ConfigSources, loadConfig } from "../../src/config/config.js";

interface Sources {
  readonly flags?: Readonly<Record<string, string>>;
  readonly config_flag?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** By absolute path; an Error is thrown. */
  readonly files?: Readonly<Record<string, string | Buffer | Error>>;
}

function sourcesOf({ flags = {}, config_flag, env = {}, files = {} }: Sources): ConfigSources {
  return {
    flags: new Map(Object.entries(flags).map(([name, text]) => [name, { flag: `--${name.replace(".", "-")}`, text }])),
    config_flag,
    env,
    cwd: "/home/me",
    readFile(path) {
      const content = files[path] ?? fileError("ENOENT");
      if (content instanceof Error) throw content;
      return Buffer.from(content);
    },
  };
}

const fileError = (code: string) => Object.assign(new Error(`${code}: something, open`), { code });

const load = (sources: Sources) => loadConfig(sourcesOf(sources));

describe("loadConfig", () => {
  test("loadConfig gives the defaults, frozen", () => {
    const { config, file } = load({});
    expect(config).toEqual({
      server: {
        listen: "127.0.0.1:50051",
        socket_mode: 0o660,
        socket_group: "",
        insecure: false,
        max_message_bytes: 4_194_304,
        drain_timeout_ms: 10_000,
        max_concurrent_streams: 100,
        max_connections: 512,
        max_connections_per_peer: 64,
        max_active_calls_per_connection: 100,
        max_pending_bytes_per_connection: 8_388_608,
        max_pending_bytes: 134_217_728,
        request_timeout_ms: 30_000,
        response_timeout_ms: 60_000,
        max_metadata_bytes: 16_384,
        max_tails: 64,
        max_tails_per_connection: 8,
        memory_limit_bytes: 0,
        stall_bytes_per_second: 1_048_576,
        max_connection_idle_ms: 900_000,
        max_connection_age_ms: 0,
        keepalive_time_ms: 60_000,
        keepalive_timeout_ms: 20_000,
        max_session_memory_bytes: 67_108_864,
      },
      tls: { cert: "", key: "", client_ca: "", client_auth: "none", min_version: "1.2", reload_interval_ms: 60_000 },
      metrics: { listen: "", tls: false, token_file: "", open: false },
      auth: { file: "", reflection: "authenticated", unix_identity: "", reload_interval_ms: 10_000 },
      log: { path: "/home/me/data/sessions.jsonl", durability: "fsync", queue_rows: 65_536, queue_bytes: 67_108_864 },
      record: { kinds: ["fill", "email", "playbook"], default_daemon: "" },
      rotation: { max_bytes: 0, interval: "none", compress: "none" },
      retention: { max_age_ms: 0, max_segments: 0, max_bytes: 0 },
      logs: { level: "info", format: "auto", unsafe_trace: false },
      langfuse: { url: "" },
      audit: { roster: "", roster_id: "worker_id", ids: "fills[].candidate_id" },
    });
    expect(file).toBeUndefined();
    for (const part of [config, config.server, config.log, config.record, config.record.kinds]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  const files = { "/home/me/sessionlog.toml": "[log]\nqueue_rows = 2" };
  const env = { SESSIONLOG_LOG_QUEUE_ROWS: "3" };
  const flags = { "log.queue_rows": "4" };
  test.each<[Sources, number, string]>([
    [{}, 65_536, "default"],
    [{ files }, 2, "/home/me/sessionlog.toml"],
    [{ env }, 3, "SESSIONLOG_LOG_QUEUE_ROWS"],
    [{ files, env }, 3, "SESSIONLOG_LOG_QUEUE_ROWS"],
    [{ flags }, 4, "flag --log-queue_rows"],
    [{ files, flags }, 4, "flag --log-queue_rows"],
    [{ files, env, flags }, 4, "flag --log-queue_rows"],
  ])("loadConfig lets flags beat variables beat the file beat defaults: %j", (sources, value, origin) => {
    const { config, entries } = load(sources);
    expect(config.log.queue_rows).toBe(value);
    const entry = { section: "log", key: "queue_rows", toml: String(value), origin, applies: "restart" };
    expect(entries.find(({ key }) => key === "queue_rows")).toEqual(entry);
  });

  test("loadConfig takes the file from --config, else SESSIONLOG_CONFIG, else ./sessionlog.toml", () => {
    const named = {
      files: { "/home/me/sessionlog.toml": "", "/home/me/a/x.toml": "", "/etc/y.toml": "" },
      env: { SESSIONLOG_CONFIG: "/etc/y.toml" },
    };
    expect(load({ ...named, config_flag: "a/x.toml" }).file).toBe("/home/me/a/x.toml");
    expect(load(named).file).toBe("/etc/y.toml");
    expect(load({ ...named, env: {} }).file).toBe("/home/me/sessionlog.toml");
  });

  test("loadConfig counts relative paths in the file from the file, all others from the working directory", () => {
    const toml = '[log]\npath = "logs/s.jsonl"';
    const inFile = { files: { "/etc/sessionlog/c.toml": toml }, config_flag: "/etc/sessionlog/c.toml" };
    expect(load(inFile).config.log.path).toBe("/etc/sessionlog/logs/s.jsonl");
    const byVariable = { ...inFile, env: { SESSIONLOG_LOG_PATH: "v.jsonl" } };
    expect(load(byVariable).config.log.path).toBe("/home/me/v.jsonl");
    expect(load({ ...byVariable, flags: { "log.path": "../f.jsonl" } }).config.log.path).toBe("/home/f.jsonl");
  });

  test("loadConfig serves other machines only when told so, whoever tells", () => {
    const open = { flags: { "server.listen": "0.0.0.0:50051" } };
    expect(() => load(open)).toThrow(ConfigError);
    expect(load({ ...open, env: { SESSIONLOG_SERVER_INSECURE: "true" } }).config.server.listen).toBe("0.0.0.0:50051");
    const file = { "/home/me/sessionlog.toml": '[server]\ninsecure = true\nlisten = "[::]:0"' };
    expect(load({ files: file }).config.server.listen).toBe("[::]:0");
    expect(() => load({ files: file, flags: { "server.insecure": "false" } })).toThrow(ConfigError);
    const tls = { "server.listen": "[::]:0", "tls.cert": "c", "tls.key": "k", "tls.client_ca": "ca" };
    expect(() => load({ flags: tls })).toThrow(ConfigError);
    for (const more of [{ "tls.client_auth": "require" }, { "auth.file": "a" }]) load({ flags: { ...tls, ...more } });
    const clear = { flags: { "server.listen": "[::]:0", "auth.file": "a", "server.insecure": "true" } };
    expect(() => load(clear)).toThrow("tokens would go to");
  });
});

const durations = 'such as "500ms", "10s", "5m" or "1h"';
const sizes = 'such as 4096, "64KiB" or "4MiB"';
const open =
  "is not a loopback address, and anyone there could read and write; set [tls] cert and key, and [auth] file or client_auth = " +
  '"require"; or give --insecure ([server] insecure = true) if that is wanted';

describe("loadConfig refuses in one line", () => {
  test.each<[string, string]>([
    ['[tls]\ncert = "c.pem"', "[tls] cert needs [tls] key"],
    ['[tls]\nkey = "k.pem"', "[tls] key needs [tls] cert"],
    ['[tls]\nclient_ca = "ca.pem"', "[tls] client_ca needs [tls] cert and key"],
    ['[tls]\nclient_auth = "require"', "[tls] client_auth needs [tls] client_ca"],
    ["[log]\nqueue_byte = 1", "[log] queue_byte is not a known key; did you mean queue_bytes?"],
    ["[log]\nlisten = 1", "[log] listen is not a known key; did you mean [server] listen or [metrics] listen?"],
    ["[log]\ncolour = 1", "[log] colour is not a known key; known are path, durability, queue_rows, queue_bytes"],
    ["[log.path]\nx = 1", '[log] path: expected the path of a file, ending with ".jsonl"; got {"x":1}'],
    ["[lag]\npath = 1", "[lag] is not a known section; did you mean [log]?"],
    [
      '[rotation]\nmax_bytes = "1GiB"\n[retention]\nmax_bytes = "1MiB"',
      "[retention] max_bytes is less than /home/me/sessionlog.toml: [rotation] max_bytes: expected room for at least one segment",
    ],
    [
      '[rotation]\ninterval = "daily"\n[retention]\nmax_age = "1h"',
      '[retention] max_age is shorter than /home/me/sessionlog.toml: [rotation] interval = "daily": expected at least one such period',
    ],
    [
      "[rotation]\nmax_bytes = 5",
      '[rotation] max_bytes: expected a size from 64KiB to 1024GiB, such as 4096, "64KiB" or "4MiB", or 0 for no limit; got 5',
    ],
    [
      "[quota]\nx = 1",
      "[quota] is not a known section; known are [server], [tls], [auth], [log], [record], [rotation], [retention], [metrics], [logs], [langfuse], [audit]",
    ],
    ["[[log]]\npath = 1", "[log] must be a section with keys"],
    ["log = 1", "[log] must be a section with keys"],
    ["listen = 1", "listen is outside of any section; did you mean [server] listen or [metrics] listen?"],
    ["queue_byte = 1", "queue_byte is outside of any section; did you mean [log] queue_bytes?"],
    [
      "colour = 1",
      "colour is outside of any section; the sections are [server], [tls], [auth], [log], [record], [rotation], [retention], [metrics], [logs], [langfuse], [audit]",
    ],
    [
      "[__proto__]\nx = 1",
      "[__proto__] is not a known section; known are [server], [tls], [auth], [log], [record], [rotation], [retention], [metrics], [logs], [langfuse], [audit]",
    ],
    ["[log]\nqueue_rows = 0", "[log] queue_rows: expected a whole number from 1 to 10000000; got 0"],
    ['[log]\nqueue_rows = "9"', '[log] queue_rows: expected a whole number from 1 to 10000000; got "9"'],
    ["[log]\nqueue_rows = 1.5", "[log] queue_rows: expected a whole number from 1 to 10000000; got 1.5"],
    ['[log]\nqueue_bytes = "64MB"', `[log] queue_bytes: expected a size from 1KiB to 4GiB, ${sizes}; got "64MB"`],
    ['[log]\ndurability = "none"', '[log] durability: expected "fsync" or "written"; got "none"'],
    ['[log]\npath = "s.log"', '[log] path: expected the path of a file, ending with ".jsonl"; got "s.log"'],
    [
      "[server]\ndrain_timeout = 10",
      `[server] drain_timeout: expected a duration from 100ms to 1h, ${durations}; got 10`,
    ],
    [
      `[server]\nlisten = "unix:/${"s".repeat(120)}"`,
      "[server] listen: the socket path has 121 bytes, at most 107 are possible",
    ],
    ['[server]\ninsecure = "yes"', '[server] insecure: expected true or false; got "yes"'],
    [
      "[record]\nkinds = []",
      '[record] kinds: expected one or more different names of 1 to 64 of A-Z a-z 0-9 . _ -, such as ["fill", "email"]; got []',
    ],
    ['[server]\nlisten = "0.0.0.0:50051"', `[server] listen: "0.0.0.0:50051" ${open}`],
    ['[server]\nlisten = "log.example:1"', `[server] listen: "log.example:1" ${open}`],
  ])("loadConfig refuses the file %j", (toml, message) => {
    expect(refusal({ files: { "/home/me/sessionlog.toml": toml } })).toBe(`/home/me/sessionlog.toml: ${message}`);
  });

  test.each<[Sources, string]>([
    [
      { env: { SESSIONLOG_LOG_QUEU_ROWS: "1" } },
      "environment: SESSIONLOG_LOG_QUEU_ROWS is not a known variable; did you mean SESSIONLOG_LOG_QUEUE_ROWS?",
    ],
    [
      { env: { SESSIONLOG_LOG_QUEUE_ROWS: "many" } },
      'SESSIONLOG_LOG_QUEUE_ROWS ([log] queue_rows): expected a whole number from 1 to 10000000; got "many"',
    ],
    [
      { env: { SESSIONLOG_RECORD_KINDS: "fill,,email" } },
      'SESSIONLOG_RECORD_KINDS ([record] kinds): expected one or more different names of 1 to 64 of A-Z a-z 0-9 . _ -, such as ["fill", "email"]; got ["fill","","email"]',
    ],
    [
      { flags: { "record.default_daemon": "a b" } },
      '--record-default_daemon ([record] default_daemon): expected a name of 1 to 64 of A-Z a-z 0-9 . _ -, or "" for none; got "a b"',
    ],
    [{ flags: { "server.listen": "0.0.0.0:1" } }, `--server-listen ([server] listen): "0.0.0.0:1" ${open}`],
    [
      { config_flag: "x.toml" },
      "/home/me/x.toml: cannot read the configuration (named by --config): no such file or directory",
    ],
    [
      { env: { SESSIONLOG_CONFIG: "/etc" }, files: { "/etc": fileError("EISDIR") } },
      "/etc: cannot read the configuration (named by SESSIONLOG_CONFIG): is a directory",
    ],
    [
      { files: { "/home/me/sessionlog.toml": fileError("EACCES") } },
      "/home/me/sessionlog.toml: cannot read the configuration: permission denied",
    ],
    [
      { files: { "/home/me/sessionlog.toml": "[log]\npath = = 1" } },
      "/home/me/sessionlog.toml:2:8: not valid TOML: invalid value",
    ],
    [
      { files: { "/home/me/sessionlog.toml": Buffer.of(0x61, 0xff) } },
      "/home/me/sessionlog.toml: not valid TOML: the bytes are not UTF-8",
    ],
  ])("loadConfig refuses %j", (sources, message) => {
    expect(refusal(sources)).toBe(message);
  });
});

function refusal(sources: Sources): string {
  try {
    load(sources);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "nothing was refused";
}
