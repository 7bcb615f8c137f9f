import { BATCH_RECORDS_MAX } from "@sessionlog/protocol/gen/limits";
import type { ClientLog } from "./client_log.js";
import { programName } from "./daemon_name.js";
import { type CurrentSpan, currentSpan, NO_SPAN } from "./record/current_span.js";

/** How a connection is secured. Files are PEM, read when the connection is opened. */
export interface TlsOptions {
  /** The authorities that the service's certificate is checked against; by default Node's own. */
  readonly ca_file?: string | undefined;
  /** This daemon's own certificate and key, where the service requires one. */
  readonly cert_file?: string | undefined;
  readonly key_file?: string | undefined;
  /** The name that the service's certificate must have, where it differs from the address. */
  readonly server_name?: string | undefined;
}

export type Token = string | (() => string | Promise<string>);

/** Options of a logger. Times are in milliseconds. */
export interface SessionLoggerOptions {
  /** For records without one; by default the program's name, reduced to A-Z a-z 0-9 . _ -. Empty: the service decides
   * by what it knows of the caller. */
  readonly daemon?: string | undefined;
  /** Gets outages, and once per distinct reason refused records; by default standard error. */
  readonly log?: ClientLog | undefined;
  /** The most that is buffered, records in flight included: 10,000 records and 16 MiB. */
  readonly buffer_rows?: number | undefined;
  readonly buffer_bytes?: number | undefined;
  /** Which records are dropped, and counted, when the buffer is full; by default the oldest. */
  readonly overflow?: "oldest" | "newest" | undefined;
  /** Gets the records that `close` could not send, and those whose sender the service does not let in, as JSONL for
   * `sessionlog append`; one file for each process. */
  readonly spill_file?: string | undefined;
  /** Gets refused records with why, as JSONL like `sessionlog append --rejects`: 1,000 records of a process, 16 MiB. */
  readonly refused_file?: string | undefined;
  /** Logs each call with its rows, time and status. */
  readonly debug?: boolean | undefined;
  /** The most in one call: 500 records, 2 MiB. */
  readonly batch_rows?: number | undefined;
  readonly batch_bytes?: number | undefined;
  /** What the service accepts in one message, 4 MiB; a larger record is refused here. */
  readonly max_message_bytes?: number | undefined;
  /** The deadline of one call, 30 s. */
  readonly call_timeout_ms?: number | undefined;
  /** The deadline of `close`, also at the process's end: 10 s. */
  readonly close_timeout_ms?: number | undefined;
  /** The wait before records are sent again, which doubles each time: from 100 ms to 2 s. */
  readonly min_backoff_ms?: number | undefined;
  readonly max_backoff_ms?: number | undefined;
  readonly tls?: TlsOptions | undefined;
  /** Sent as `authorization: Bearer …`; a function is called before each call. It requires `tls`, except to this
   * machine, unless `insecure_token` is set. */
  readonly token?: Token | undefined;
  /** The file that has the token, read for each call, so that it may be renewed. It wins over `token`. */
  readonly token_file?: string | undefined;
  readonly insecure_token?: boolean | undefined;
  /** Where the ids of spans come from that a record does not have: "span", by default, is the active span of
   * OpenTelemetry (and so of Langfuse), "header" is nowhere but from `traceIdFromHeaders`. */
  readonly trace_ids?: "span" | "header" | undefined;
  /** gRPC's channel options, over the logger's own. */
  readonly channel_options?: Readonly<Record<string, string | number>> | undefined;
}

type Given = Omit<SessionLoggerOptions, "tls" | "trace_ids">;

/** The same with all defaults filled in. */
export type Options = { readonly [Name in keyof Given]-?: NonNullable<Given[Name]> } & {
  readonly address: string;
  readonly tls: TlsOptions | undefined;
  /** How often a call that was refused for its credentials is made again, when no other token comes before. */
  readonly credentials_retry_ms: number;
  now_ms(): number;
  /** The trace id and span id of where the daemon calls. */
  currentSpan(): CurrentSpan;
  /** From 0 to 1. */
  random(): number;
};

const MIB = 1024 * 1024;

/** Standard output belongs to the program: everything goes to standard error. */
const standardError: ClientLog = {
  info: (message) => console.warn(message),
  warn: (message) => console.warn(message),
};

/** Fills in the defaults; numbers out of bounds are clamped. */
export function resolveOptions(address: string, options: SessionLoggerOptions): Options {
  const max_message_bytes = atLeastOne(options.max_message_bytes, 4 * MIB);
  const min_backoff_ms = Math.max(1, toTimer(options.min_backoff_ms, 100));
  return {
    address,
    daemon: options.daemon ?? programName(process.argv, process.execPath),
    log: options.log ?? standardError,
    buffer_rows: atLeastOne(options.buffer_rows, 10_000),
    buffer_bytes: atLeastOne(options.buffer_bytes, 16 * MIB),
    overflow: options.overflow === "newest" ? "newest" : "oldest",
    spill_file: options.spill_file ?? "",
    refused_file: options.refused_file ?? "",
    debug: options.debug === true,
    batch_rows: Math.min(atLeastOne(options.batch_rows, 500), BATCH_RECORDS_MAX),
    batch_bytes: Math.min(atLeastOne(options.batch_bytes, 2 * MIB), max_message_bytes),
    max_message_bytes,
    call_timeout_ms: Math.max(1, toTimer(options.call_timeout_ms, 30_000)),
    close_timeout_ms: toTimer(options.close_timeout_ms, 10_000),
    min_backoff_ms,
    max_backoff_ms: Math.max(min_backoff_ms, toTimer(options.max_backoff_ms, 2_000)),
    tls: options.tls ?? undefined,
    token: options.token ?? "",
    token_file: options.token_file ?? "",
    credentials_retry_ms: 60_000,
    insecure_token: options.insecure_token === true,
    channel_options: options.channel_options ?? {},
    now_ms: Date.now,
    currentSpan: options.trace_ids === "header" ? () => NO_SPAN : currentSpan,
    random: Math.random,
  };
}

function atLeastOne(value: number | undefined, fallback: number): number {
  const whole = Math.floor(Number(value ?? fallback));
  return Number.isNaN(whole) ? fallback : Math.max(1, whole);
}

/** Node turns a longer timer into one of 1 ms. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** The duration clamped to what a timer can wait; `fallback_ms` for none or NaN. */
export function toTimer(duration_ms: number | null | undefined, fallback_ms: number): number {
  const whole_ms = Math.floor(Number(duration_ms ?? fallback_ms));
  return Number.isNaN(whole_ms) ? fallback_ms : Math.min(Math.max(0, whole_ms), TIMER_MAX_MS);
}
