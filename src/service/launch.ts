import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import type pino from "pino";
import { readAuthFile } from "../config/auth_file.js";
import type { Config } from "../config/config.js";
import { readTlsFiles, type TlsFiles } from "../config/tls_files.js";
import {
  createJournal,
  errorText,
  type Journal,
  type JournalObserver,
  JournalOpenError,
  type JournalOptions,
} from "../journal/index.js";
import { createRecordToRow, isOddLine, isSessionLine, type Timestamp } from "../record/index.js";
import type { RpcObserver } from "../rpc/observer.js";
import { createRpcServer } from "../rpc/server.js";
import { watchFiles } from "./file_reload.js";
import { NO_SERVICE_OBSERVER, type ServiceObserver } from "./observer.js";
import { createOps } from "./ops.js";
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
  /** Checks the session log's file again, and those of [tls] and [auth], as SIGHUP does. */
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
  config: Config,
  logger: pino.Logger,
  parts: ServiceParts = productionParts,
): Promise<LaunchedService> {
  // grpc-js's own lines on standard error are not JSON, and may have metadata in them.
  if (!config.logs.unsafe_trace) setLogVerbosity(logVerbosity.NONE);
  const { path } = config.log;
  const ops = await createOps(config, logger);
  const observer = parts.observer ?? ops?.observer;
  const observed = observer === undefined ? {} : { observer };
  const reports = observer ?? NO_SERVICE_OBSERVER;
  const journal = parts.createJournal({
    ...config.log,
    rotation: config.rotation,
    compress: config.rotation.compress,
    retention: config.retention,
    dedupe_rows: DEDUPE_ROWS,
    adopts: isSessionLine,
    isOdd: isOddLine,
    log: logger,
    ...observed,
  });
  ops?.watch(journal);
  const readTls = () => readTlsFiles(config.tls, { readFile: readFileSync, now_ms: Date.now() });
  const readAuth = () => readAuthFile(config.auth, readFileSync);
  const [files, identities] = [readTls(), readAuth()];
  const rpc = createRpcServer({
    limits: config.server,
    recordToRow: createRecordToRow({ kinds: config.record.kinds }),
    journal,
    daemonFor: (caller) => caller?.name ?? config.record.default_daemon,
    now: parts.now,
    newSessionId: parts.newSessionId,
    log: logger,
    ...observed,
    ...(files && { tls: { ...config.tls, files } }),
    ...(identities && { access: { ...config.auth, identities } }),
  });
  function cannotStart(message: string): StartError {
    rpc.kill();
    ops?.stop();
    return new StartError(message);
  }
  const listening = await rpc.listen(config.server.listen);
  if (!listening.ok) throw cannotStart(listening.message);
  const { address } = listening;
  const shutdown = createShutdown({ rpc, journal, logger, drain_timeout_ms: config.server.drain_timeout_ms });
  let unready: string | undefined = "the session log is not open yet";
  const problem = await ops?.listen(files, () => (shutdown.begun ? "the service is shutting down" : unready));
  if (problem !== undefined) throw cannotStart(problem);

  const reloads = [
    files &&
      watchFiles({
        section: "[tls]",
        read: () => readTls() ?? files,
        first: files,
        update(next) {
          rpc.updateTls(next);
          ops?.updateTls(next);
          reports.certificatesLoaded(next);
          logCertificate(logger, next);
        },
        interval_ms: config.tls.reload_interval_ms,
        log: logger,
      }),
    identities &&
      watchFiles({
        section: "[auth]",
        read: () => readAuth() ?? identities,
        first: identities,
        update(next) {
          rpc.updateIdentities(next);
          reports.identitiesLoaded(next);
          logger.info({ identities: next.length }, "identities loaded");
        },
        interval_ms: config.auth.reload_interval_ms,
        log: logger,
      }),
  ];
  if (files !== undefined) {
    logCertificate(logger, files);
    reports.certificatesLoaded(files);
  }
  reports.identitiesLoaded(identities);
  const expiry = identities && setInterval(rpc.endExpired, config.auth.reload_interval_ms).unref();
  void shutdown.code.then(() => {
    clearInterval(expiry);
    for (const each of reloads) each?.stop();
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
      for (const each of reloads) each?.reload();
      ops?.reload();
      rpc.endExpired();
    },
    rotate: () => void journal.rotate(),
    opened: openJournal(journal, cannotStart).then(() => {
      if (!shutdown.begun) logger.info({ address, path }, "serving");
    }),
  };
}

function logCertificate(logger: pino.Logger, { facts, warnings }: TlsFiles): void {
  for (const reason of warnings) logger.warn({ reason }, "a file of [tls] should be mended");
  logger.info(facts, "TLS certificate loaded");
}

async function openJournal(journal: Journal, cannotStart: (message: string) => StartError): Promise<void> {
  try {
    await journal.open();
  } catch (error) {
    const failure = cannotStart(errorText(error));
    throw error instanceof JournalOpenError ? failure : error;
  }
}
