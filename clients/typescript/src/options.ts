import { basename, dirname } from "node:path";
import type { ClientLog } from "./client_log.js";
import { type EncodedRecord, encodeRecord } from "./record/encode_record.js";

/** How a connection is secured. Files are PEM, read when the connection is made. */
export interface TlsOptions {
  /** The authorities that the service's certificate is checked with; by default those that Node brings. */
  readonly ca_file?: string | undefined;
  /** This daemon's own certificate and key, where the service asks for one. */
  readonly cert_file?: string | undefined;
  readonly key_file?: string | undefined;
  /** The name that the service's certificate must have, where it is not the address's. */
  readonly server_name?: string | undefined;
}

export type Token = string | (() => string | Promise<string>);

/** What a logger may be told when it is made. Times are in milliseconds. */
export interface SessionLoggerOptions {
  /** Put on records that name none; by default the program's name, reduced to A-Z a-z 0-9 . _ -. Empty: the service puts
   * there what it knows of the caller. */
  readonly daemon?: string | undefined;
  /** Told of outages, and once per distinct reason of refused rows; by default standard error. */
  readonly log?: ClientLog | undefined;
  /** What waits for the service at most, rows under way included: 10,000 rows and 16 MiB. */
  readonly buffer_rows?: number | undefined;
  readonly buffer_bytes?: number | undefined;
  /** Which rows go, and are counted as dropped, when the buffer is full; by default the oldest. */
  readonly overflow?: "oldest" | "newest" | undefined;
  /** Gets the rows that `close` could not send, as JSONL for `sessionlog append`; one for each process. */
  readonly spill_file?: string | undefined;
  /** Where batches are cut: 500 rows, 2 MiB. */
  readonly batch_rows?: number | undefined;
  readonly batch_bytes?: number | undefined;
  /** What the service takes in one message, 4 MiB; a larger row is refused here. */
  readonly max_message_bytes?: number | undefined;
  /** The deadline of one call, 30 s. */
  readonly call_timeout_ms?: number | undefined;
  /** The deadline of `close`, also at the process's end: 10 s. */
  readonly close_timeout_ms?: number | undefined;
  /** The wait before rows are sent again, which doubles each time: from 100 ms to 2 s. */
  readonly min_backoff_ms?: number | undefined;
  readonly max_backoff_ms?: number | undefined;
  readonly tls?: TlsOptions | undefined;
  /** Sent as `authorization: Bearer …`, or what is called for it before each call. It needs `tls`, except to this
   * machine, unless `insecure_token` is set. */
  readonly token?: Token | undefined;
  readonly insecure_token?: boolean | undefined;
  /** gRPC's channel options, over the logger's own. */
  readonly channel_options?: Readonly<Record<string, string | number>> | undefined;
}

/** The same with nothing left open. */
export interface Options {
  readonly address: string;
  readonly daemon: string;
  readonly log: ClientLog;
  readonly buffer_rows: number;
  readonly buffer_bytes: number;
  readonly overflow: "oldest" | "newest";
  readonly spill_file: string;
  readonly batch_rows: number;
  readonly batch_bytes: number;
  readonly max_message_bytes: number;
  readonly call_timeout_ms: number;
  readonly close_timeout_ms: number;
  readonly min_backoff_ms: number;
  readonly max_backoff_ms: number;
  readonly tls: TlsOptions | undefined;
  readonly token: Token;
  readonly insecure_token: boolean;
  readonly channel_options: Readonly<Record<string, string | number>>;
  now_ms(): number;
  /** From 0 to 1. */
  random(): number;
}

const MIB = 1024 * 1024;
/** How many records the service takes in one call. */
const BATCH_ROWS_MAX = 10_000;
const DAEMON_LENGTH_MAX = 64;
/** What stands around a record in a request. */
const FRAMING_BYTES = 16;

/** The program's own output is its own: everything goes to standard error. */
const standardError: ClientLog = {
  info: (message) => console.warn(message),
  warn: (message) => console.warn(message),
};

/** Fills in what was not said; numbers out of bounds are brought within. */
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
    batch_rows: Math.min(atLeastOne(options.batch_rows, 500), BATCH_ROWS_MAX),
    batch_bytes: Math.min(atLeastOne(options.batch_bytes, 2 * MIB), max_message_bytes),
    max_message_bytes,
    call_timeout_ms: Math.max(1, toTimer(options.call_timeout_ms, 30_000)),
    close_timeout_ms: toTimer(options.close_timeout_ms, 10_000),
    min_backoff_ms,
    max_backoff_ms: Math.max(min_backoff_ms, toTimer(options.max_backoff_ms, 2_000)),
    tls: options.tls ?? undefined,
    token: options.token ?? "",
    insecure_token: options.insecure_token === true,
    channel_options: options.channel_options ?? {},
    now_ms: Date.now,
    random: Math.random,
  };
}

function atLeastOne(value: number | undefined, fallback: number): number {
  const whole = Math.floor(value ?? fallback);
  return Number.isNaN(whole) ? fallback : Math.max(1, whole);
}

/** Node makes a timer that is longer one of 1 ms. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** The time that a timer can wait, as near as it may be; `fallback_ms` for none or NaN. */
export function toTimer(duration_ms: number | null | undefined, fallback_ms: number): number {
  const whole_ms = Math.floor(duration_ms ?? fallback_ms);
  return Number.isNaN(whole_ms) ? fallback_ms : Math.min(Math.max(0, whole_ms), TIMER_MAX_MS);
}

/** Encodes a record as these options have it. */
export function encodeWith(options: Options, record: unknown): EncodedRecord {
  return encodeRecord(record, options, Math.min(options.buffer_bytes, options.max_message_bytes - FRAMING_BYTES));
}

/** Folders and files that are named after their place in a build, not after the program. */
const NO_NAME = /^(index|main|dist|build|out|lib|src|bin)$/;

/**
 * The name of the program that runs, as far as a daemon's name may have it: A-Z a-z 0-9 . _ -. Of `validatord/dist/main.js`
 * it is `validatord`. May be empty.
 */
export function programName(argv: readonly string[], executable: string): string {
  let path = argv[1] ?? executable;
  let name = basename(path).replace(/\.([cm]?[jt]s|exe)$/, "");
  while (NO_NAME.test(name) && dirname(path) !== path) {
    path = dirname(path);
    name = basename(path);
  }
  return name.replaceAll(/[^A-Za-z0-9._-]/g, "").slice(0, DAEMON_LENGTH_MAX);
}

/** Milliseconds to wait before each next try: doubling, and spread so that daemons do not come back all at once. */
export function* backoffs(
  options: Pick<Options, "min_backoff_ms" | "max_backoff_ms" | "random">,
): Generator<number, never> {
  for (let step_ms = options.min_backoff_ms; ; step_ms = Math.min(2 * step_ms, options.max_backoff_ms)) {
    yield step_ms * (0.5 + options.random() / 2);
  }
}
