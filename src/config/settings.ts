import { duration, size, sizeOrAuto } from "./quantities.js";
import {
  address,
  choice,
  compression,
  count,
  fileMode,
  fileOrNone,
  groupOrNone,
  idsPath,
  jsonlPath,
  nameOrNone,
  names,
  someText,
  truth,
  type ValueType,
  webAddressOrNone,
} from "./values.js";

/** When a changed value takes effect: at SIGHUP, when the service is started again, or with the next command, which reads it itself. */
export type Applies = "reload" | "restart" | "command";

/** One row of the table: a key of the configuration. */
export interface Setting<T> {
  readonly section: string;
  readonly key: string;
  readonly applies: Applies;
  readonly type: ValueType<T>;
  /** As a file would state it. */
  readonly default: unknown;
  /** One line for the help texts. */
  readonly help: string;
  /** A second, short flag; that of a `truth` takes no value and means true. */
  readonly short?: string;
}

/**
 * The table of settings: the one home of every key, its kind of value, limits, default and help. Flags, variables, the
 * check of the file, help texts, `check-config` and the type `Config` follow from it: a new setting is a new row.
 *
 * @param read is called once for each row and gives the value that Config gets; to list the rows, collect them.
 */
export function settingsTable(read: <T>(setting: Setting<T>) => T) {
  const row =
    (section: string, applies: Applies) =>
    <T>(key: string, type: ValueType<T>, byDefault: unknown, help: string, short?: string): T =>
      read({ section, key, applies, type, default: byDefault, help, ...(short === undefined ? {} : { short }) });
  const server = row("server", "restart");
  const limit = row("server", "reload");
  const tls = row("tls", "reload");
  const auth = row("auth", "reload");
  const log = row("log", "restart");
  const record = row("record", "reload");
  const rotation = row("rotation", "reload");
  const retention = row("retention", "reload");
  const metrics = row("metrics", "restart");
  const logLevel = row("logs", "reload");
  const logs = row("logs", "restart");
  const langfuse = row("langfuse", "command");
  const audit = row("audit", "command");
  return {
    server: {
      listen: server("listen", address(), "127.0.0.1:50051", "where to listen; port 0 takes a free one", "listen"),
      socket_mode: server(
        "socket_mode",
        fileMode(),
        "0660",
        "who may connect to the Unix socket: whoever may write to it",
      ),
      socket_group: server(
        "socket_group",
        groupOrNone(),
        "",
        "the group of the Unix socket; without it that of the process",
      ),
      insecure: server(
        "insecure",
        truth(),
        false,
        "serve in the clear to other machines: allows an address that is not loopback",
        "insecure",
      ),
      max_message_bytes: limit("max_message_bytes", size("1KiB", "64MiB"), "4MiB", "the largest request"),
      drain_timeout_ms: limit(
        "drain_timeout",
        duration("100ms", "1h"),
        "10s",
        "how long SIGTERM waits until calls are answered and rows are on disk",
      ),
      max_concurrent_streams: limit(
        "max_concurrent_streams",
        count(1, 1_000_000),
        100,
        "calls at once on a connection",
      ),
      max_connections: limit(
        "max_connections",
        count(1, 100_000),
        512,
        "connections at once, and never more than 80 % of the open files that the process may have, less 64",
      ),
      max_connections_per_peer: limit(
        "max_connections_per_peer",
        count(1, 100_000),
        64,
        "connections at once from one address; loopback and Unix sockets have no such limit",
      ),
      max_active_calls_per_connection: limit(
        "max_active_calls_per_connection",
        count(1, 1_000_000),
        100,
        "calls of a connection that are read or answered at once; further ones wait unread",
      ),
      max_pending_bytes_per_connection: limit(
        "max_pending_bytes_per_connection",
        size("64KiB", "4GiB"),
        "8MiB",
        "bytes of a connection's requests that are read and not yet answered; further calls wait unread",
      ),
      max_pending_bytes: limit(
        "max_pending_bytes",
        size("1MiB", "64GiB"),
        "128MiB",
        "the same over all connections, given out in turns",
      ),
      request_timeout_ms: limit(
        "request_timeout",
        duration("100ms", "1h"),
        "30s",
        "how long the body of a request that is read may take",
      ),
      response_timeout_ms: limit(
        "response_timeout",
        duration("100ms", "1h"),
        "60s",
        "how long a client may leave an answer, or the rows of a tail, unread",
      ),
      max_metadata_bytes: limit(
        "max_metadata_bytes",
        size("1KiB", "64KiB"),
        "16KiB",
        "the metadata of a call: names, values and 32 bytes for each",
      ),
      max_tails: limit("max_tails", count(1, 100_000), 64, "calls of TailSessions at once"),
      max_tails_per_connection: limit(
        "max_tails_per_connection",
        count(1, 100_000),
        8,
        "calls of TailSessions at once on a connection",
      ),
      /** 0: "auto". */
      memory_limit_bytes: limit(
        "memory_limit",
        sizeOrAuto("64MiB", "1024GiB"),
        "auto",
        "the heap and the buffers above which calls are refused; auto: 75 % of the memory of the cgroup or machine",
      ),
      stall_bytes_per_second: limit(
        "stall_bytes_per_second",
        size("1MiB", "64GiB"),
        "1MiB",
        "bytes of a connection in a second that are part of no request; above it the connection is cut",
      ),
      max_connection_idle_ms: limit(
        "max_connection_idle",
        duration("1s", "24h", "no limit"),
        "15m",
        "after how long a connection without calls is closed; 0s: never",
      ),
      /** 0: no limit. */
      max_connection_age_ms: limit(
        "max_connection_age",
        duration("1s", "24h", "no limit"),
        "0s",
        "after how long a connection takes no new calls, and is closed once those it has have ended; 0s: never",
      ),
      keepalive_time_ms: limit(
        "keepalive_time",
        duration("1s", "24h"),
        "1m",
        "how often silent connections are pinged",
      ),
      keepalive_timeout_ms: limit(
        "keepalive_timeout",
        duration("1s", "1h"),
        "20s",
        "how long a ping may stay unanswered before its connection is closed",
      ),
      max_session_memory_bytes: limit(
        "max_session_memory",
        size("1MiB", "4GiB"),
        "64MiB",
        "memory that one HTTP/2 connection may take",
      ),
    },
    tls: {
      cert: tls("cert", fileOrNone(), "", "the certificate with its chain, in PEM: with it and key, serve over TLS"),
      key: tls("key", fileOrNone(), "", "the private key of the certificate, in PEM, without passphrase"),
      client_ca: tls("client_ca", fileOrNone(), "", "the authorities of clients' certificates, in PEM"),
      client_auth: tls(
        "client_auth",
        choice("none", "optional", "require"),
        "none",
        "whether clients show a certificate of client_ca; one that is shown must be good",
      ),
      min_version: tls("min_version", choice("1.2", "1.3"), "1.2", "the oldest version of TLS"),
      reload_interval_ms: tls(
        "reload_interval",
        duration("1s", "24h"),
        "1m",
        "how often the files are looked at; SIGHUP does it at once",
      ),
    },
    auth: {
      file: auth("file", fileOrNone(), "", "who may call, in TOML; without it everyone may do everything"),
      reflection: auth(
        "reflection",
        choice("authenticated", "public", "off"),
        "authenticated",
        "who may ask for the API's description, once there is a file",
      ),
      unix_identity: auth(
        "unix_identity",
        nameOrNone(),
        "",
        "the identity of clients of a Unix socket that show nothing",
      ),
      reload_interval_ms: auth(
        "reload_interval",
        duration("1s", "24h"),
        "10s",
        "how often the file is looked at; SIGHUP does it at once",
      ),
    },
    log: {
      /** Absolute. */
      path: log("path", jsonlPath(), "data/sessions.jsonl", "the session log", "path"),
      durability: log(
        "durability",
        choice("fsync", "written"),
        "fsync",
        "a reply means on disk (fsync), or handed to the operating system (written)",
      ),
      queue_rows: log("queue_rows", count(1, 10_000_000), 65_536, "rows that may wait for the disk; more are refused"),
      queue_bytes: log(
        "queue_bytes",
        size("1KiB", "4GiB"),
        "64MiB",
        "bytes that may wait for the disk; more are refused",
      ),
    },
    record: {
      kinds: record("kinds", names(), ["fill", "email", "playbook"], "the kinds that a record may have"),
      default_daemon: record("default_daemon", nameOrNone(), "", "the daemon of records that name none"),
    },
    rotation: {
      /** 0: no limit. */
      max_bytes: rotation(
        "max_bytes",
        size("64KiB", "1024GiB", "no limit"),
        0,
        "seal the session log before it grows beyond this; 0: never",
      ),
      interval: rotation(
        "interval",
        choice("none", "hourly", "daily"),
        "none",
        "seal the session log when an hour or a day has ended, in UTC",
      ),
      compress: rotation(
        "compress",
        compression(),
        "none",
        "what becomes of a sealed segment; zstd is read by Node 22.15 or later",
      ),
    },
    retention: {
      /** 0: no limit, of each. */
      max_age_ms: retention(
        "max_age",
        duration("1m", "36500d", "no limit"),
        "0s",
        "remove segments that were sealed longer ago; 0s: never",
      ),
      max_segments: retention("max_segments", count(0, 1_000_000), 0, "sealed segments to keep; 0: all"),
      max_bytes: retention(
        "max_bytes",
        size("64KiB", "1024GiB", "no limit"),
        0,
        "remove the oldest segments when all files together are larger; 0: never",
      ),
    },
    metrics: {
      listen: metrics(
        "listen",
        address("optional"),
        "",
        "where /metrics, /healthz and /readyz are served over HTTP; off when empty",
      ),
      tls: metrics("tls", truth(), false, "serve them over TLS, with the files of [tls]"),
      token_file: metrics(
        "token_file",
        fileOrNone(),
        "",
        "the token that /metrics asks for; SIGHUP and a change of the file renew it",
      ),
      open: metrics("open", truth(), false, "let everyone who reaches an address that is not loopback read /metrics"),
    },
    logs: {
      level: logLevel(
        "level",
        choice("debug", "info", "warn", "error"),
        "info",
        "the least important lines that are logged; debug has one for each call",
      ),
      format: logs(
        "format",
        choice("auto", "json", "pretty"),
        "auto",
        "lines of JSON or readable ones; auto: readable on a terminal",
      ),
      unsafe_trace: logs(
        "unsafe_trace",
        truth(),
        false,
        "obey GRPC_TRACE and GRPC_VERBOSITY, which print tokens and metadata",
        "unsafe-trace",
      ),
    },
    langfuse: {
      url: langfuse(
        "url",
        webAddressOrNone(),
        "",
        "where Langfuse is, for links to sessions, with or without /project/<id>",
      ),
    },
    audit: {
      /** Absolute, or "". */
      roster: audit("roster", fileOrNone(), "", "the roster: .csv, .parquet or .jsonl, for audit and alarm", "roster"),
      roster_id: audit("roster_id", someText(), "worker_id", "the roster's column of ids", "roster-id"),
      ids: audit("ids", idsPath(), "fills[].candidate_id", "where the ids are in the artifact", "ids"),
    },
  };
}

type Table = ReturnType<typeof settingsTable>;

/** The effective configuration, frozen. Sizes are in bytes and durations in milliseconds, as the names say. */
export type Config = { readonly [Section in keyof Table]: Readonly<Table[Section]> };

/** The rows of the table in its order. */
export function listSettings(): readonly Setting<unknown>[] {
  const rows: Setting<unknown>[] = [];
  settingsTable((setting) => {
    rows.push(setting);
    const reading = setting.type.read(setting.default, "/");
    if (reading === undefined) throw new Error(`the default of [${setting.section}] ${setting.key} is not valid`);
    return reading.value;
  });
  return rows;
}

/** `--log-queue-bytes` for `[log] queue_bytes`. */
export function flagOf({ section, key }: Setting<unknown>): string {
  return `--${section}-${key}`.replaceAll("_", "-");
}

/** `SESSIONLOG_LOG_QUEUE_BYTES` for `[log] queue_bytes`. */
export function variableOf({ section, key }: Setting<unknown>): string {
  return `SESSIONLOG_${section}_${key}`.toUpperCase();
}
