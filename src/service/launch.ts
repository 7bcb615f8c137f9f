import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import type pino from "pino";
import { authFileWarnings } from "../config/auth_file.js";
import type { Config } from "../config/config.js";
import { isInsecure } from "../config/listen_rules.js";
import type { RunningConfig } from "../config/reload.js";
import {
  createJournal,
  errorText,
  type FilePolicies,
  type Journal,
  type JournalObserver,
  JournalOpenError,
  type JournalOptions,
} from "../journal/index.js";
import { createRecordToRow, isOddLine, isSessionLine, type Timestamp } from "../record/index.js";
import type { RpcObserver } from "../rpc/observer.js";
import { createRpcServer, type RpcSettings } from "../rpc/server.js";
import { NO_SERVICE_OBSERVER, type ServiceObserver } from "./observer.js";
import { createOps } from "./ops.js";
import { createReload, type Loaded, loadFiles } from "./reload.js";
import { createShutdown } from "./shutdown.js";

/** The service cannot start; the message is one line that names the reason. */
export class StartError extends Error {}

/** What the service is made of besides its configuration; tests replace them. */
export interface ServiceParts {
  readonly createJournal: (options: JournalOptions) => Journal;
  readonly now: () => Timestamp;
  readonly newSessionId: () => string;
  /** What is counted for metrics goes here; by default nowhere. */
  readonly observer?: JournalObserver & RpcObserver & ServiceObserver;
}

const productionParts: ServiceParts = {
  createJournal,
  now() {
    const now_ms = Date.now();
    return { seconds: Math.floor(now_ms / 1_000), nanos: (now_ms % 1_000) * 1_000_000 };
  },
  // As long as a W3C trace id, and as unlikely to repeat.
  newSessionId: () => randomBytes(16).toString("hex"),
};

/** A service that listens. */
export interface LaunchedService {
  /** `host:port` with the real port, or `unix:/path`. */
  readonly address: string;
  /** Resolves once appends are accepted, or the service was stopped before; rejects with StartError. */
  readonly opened: Promise<void>;
  /** The process's exit code: 0 when all accepted work is done. */
  readonly ended: Promise<number>;
  /** Drains, as the first SIGTERM does; called again, it ends the service at once. */
  stop(): void;
  /** Checks the session log's file again, and reads the configuration and its files, as SIGHUP does. */
  reopen(): void;
  /** Seals the session log's file and continues in a new one, as SIGUSR2 does. */
  rotate(): void;
}

/** A record equal to one of this many last rows is a duplicate. */
const DEDUPE_ROWS = 65_536;

/**
 * Listens, NOT_SERVING, and begins to open the journal. Rejects with StartError when it cannot listen, with ConfigError when
 * the files of [tls] or [auth] are wrong.
 *
 * Invariant: health is SERVING only while the journal is open and the service was not asked to stop.
 */
export async function launchService(
  running: RunningConfig,
  logger: pino.Logger,
  parts: ServiceParts = productionParts,
): Promise<LaunchedService> {
  let loaded = loadFiles(running.config);
  const { config } = loaded;
  // grpc-js's own lines on standard error are not JSON, and may have metadata in them.
  if (!config.logs.unsafe_trace) setLogVerbosity(logVerbosity.NONE);
  const { path } = config.log;
  const ops = await createOps(loaded, logger);
  const observer = parts.observer ?? ops?.observer;
  const observed = observer === undefined ? {} : { observer };
  const reports = observer ?? NO_SERVICE_OBSERVER;
  const journal = parts.createJournal({
    ...config.log,
    ...policiesOf(config),
    dedupe_rows: DEDUPE_ROWS,
    adopts: isSessionLine,
    isOdd: isOddLine,
    log: logger,
    ...observed,
  });
  ops?.watch(journal);
  let recordToRow = createRecordToRow(config.record);
  const rpc = createRpcServer({
    ...rpcSettingsOf(loaded),
    recordToRow: (bytes, stamps) => recordToRow(bytes, stamps),
    journal,
    daemonFor: (caller) => caller?.name ?? loaded.config.record.default_daemon,
    now: parts.now,
    newSessionId: parts.newSessionId,
    log: logger,
    ...observed,
  });
  function cannotStart(message: string): StartError {
    rpc.kill();
    ops?.stop();
    return new StartError(message);
  }
  const listening = await rpc.listen(config.server.listen, {
    mode: config.server.socket_mode,
    group: loaded.socket_group,
  });
  if (!listening.ok) throw cannotStart(listening.message);
  const { address } = listening;
  const shutdown = createShutdown({
    rpc,
    journal,
    logger,
    drain_timeout_ms: () => loaded.config.server.drain_timeout_ms,
  });
  let unready: string | undefined = "the session log is not open yet";
  const problem = await ops?.listen(() => (shutdown.begun ? "the service is shutting down" : unready));
  if (problem !== undefined) throw cannotStart(problem);

  function apply(next: Loaded): void {
    const before = loaded;
    loaded = next;
    const { record, logs } = next.config;
    if (!isDeepStrictEqual(record.kinds, before.config.record.kinds)) recordToRow = createRecordToRow(record);
    rpc.update(rpcSettingsOf(next));
    ops?.update(next);
    journal.configure(policiesOf(next.config));
    if (logs.level !== before.config.logs.level) logger.level = logs.level;
    logSecurity(logger, next, before);
    report(next);
  }

  function report({ tls, identities }: Loaded): void {
    if (tls !== undefined) reports.certificatesLoaded(tls);
    reports.identitiesLoaded(identities);
  }

  logSecurity(logger, loaded, undefined);
  report(loaded);
  const reload = createReload({ running, loaded, apply, looked: rpc.endExpired, log: logger, observer: reports });
  void shutdown.code.then(() => {
    reload.stop();
    ops?.stop();
  });
  journal.onStateChange((state, message) => {
    unready = state === "open" ? undefined : message || `the session log is ${state}`;
    rpc.setServing(state === "open" && !shutdown.begun);
    if (state === "failed") shutdown.fail(message);
  });

  return {
    address,
    ended: shutdown.code,
    stop: shutdown.stop,
    reopen() {
      void journal.reopen();
      if (!shutdown.begun) reload.all();
    },
    rotate: () => void journal.rotate(),
    opened: openJournal(journal, cannotStart).then(() => {
      if (!shutdown.begun) logger.info({ address, path }, "serving");
    }),
  };
}

function rpcSettingsOf({ config, tls, identities }: Loaded): RpcSettings {
  return {
    limits: config.server,
    tls: tls && { ...config.tls, files: tls },
    access: identities && { ...config.auth, identities },
  };
}

function policiesOf({ rotation, retention }: Config): FilePolicies {
  return { rotation, compress: rotation.compress, retention };
}

/** Logs who is let in, at start and where that has changed. */
function logSecurity(logger: pino.Logger, next: Loaded, before: Loaded | undefined): void {
  const { config, tls, identities, scrape_token } = next;
  if (tls !== undefined && !isDeepStrictEqual(tls, before?.tls)) {
    for (const reason of tls.warnings) logger.warn({ reason }, "a file of [tls] should be mended");
    logger.info(tls.facts, "TLS certificate loaded");
  }
  if (!isDeepStrictEqual(identities, before?.identities)) {
    for (const reason of authFileWarnings(config.auth)) logger.warn({ reason }, "the file of [auth] should be mended");
    if (before !== undefined) logger.info({ identities: identities?.length ?? 0 }, "identities loaded");
  }
  if (before !== undefined && !isDeepStrictEqual(scrape_token, before.scrape_token)) {
    logger.info({}, "the token of /metrics was renewed");
  }
  if (isInsecure(config) && (before === undefined || !isInsecure(before.config))) {
    const { listen } = config.server;
    logger.warn({ listen }, "--insecure: anyone who reaches this address can read and write");
  }
}

async function openJournal(journal: Journal, cannotStart: (message: string) => StartError): Promise<void> {
  try {
    await journal.open();
  } catch (error) {
    const failure = cannotStart(errorText(error));
    throw error instanceof JournalOpenError ? failure : error;
  }
}
