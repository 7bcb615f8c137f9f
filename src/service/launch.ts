import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import type pino from "pino";
import type { Config } from "../config/config.js";
import { readTlsFiles } from "../config/tls_files.js";
import {
  createJournal,
  type Journal,
  type JournalObserver,
  JournalOpenError,
  type JournalOptions,
} from "../journal/index.js";
import { createRecordToRow, isSessionLine, type Timestamp } from "../record/index.js";
import type { RpcObserver } from "../rpc/observer.js";
import { createRpcServer, type RpcServer } from "../rpc/server.js";
import { createShutdown } from "./shutdown.js";
import { watchTls } from "./tls_reload.js";

/** The service cannot start; the message is one line that names the reason. */
export class StartError extends Error {}

/** What the service is made of besides its configuration; tests replace them. */
export interface ServiceParts {
  readonly createJournal: (options: JournalOptions) => Journal;
  readonly now: () => Timestamp;
  readonly newSessionId: () => string;
  /** What is counted for metrics goes here; by default nowhere. */
  readonly observer?: JournalObserver & RpcObserver;
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
  /** Checks the session log's file again, and those of [tls], as SIGHUP does. */
  reopen(): void;
  /** Seals the session log's file and continues in a new one, as SIGUSR2 does. */
  rotate(): void;
}

/** A record equal to one of this many last rows is a duplicate. */
const DEDUPE_ROWS = 65_536;

/**
 * Listens, NOT_SERVING, and begins to open the journal. Rejects with StartError when it cannot listen, with ConfigError when
 * the files of [tls] are wrong.
 *
 * Invariant: health is SERVING only while the journal is open and the service was not asked to stop.
 */
export async function launchService(
  config: Config,
  logger: pino.Logger,
  parts: ServiceParts = productionParts,
): Promise<LaunchedService> {
  // grpc-js's own lines on standard error are not JSON; its variable still turns them on, to examine a defect.
  if (process.env.GRPC_VERBOSITY === undefined) setLogVerbosity(logVerbosity.NONE);
  const { path } = config.log;
  const observed = parts.observer === undefined ? {} : { observer: parts.observer };
  const journal = parts.createJournal({
    ...config.log,
    rotation: config.rotation,
    compress: config.rotation.compress,
    retention: config.retention,
    dedupe_rows: DEDUPE_ROWS,
    adopts: isSessionLine,
    log: logger,
    ...observed,
  });
  const readTls = () => readTlsFiles(config.tls, { readFile: readFileSync, now_ms: Date.now() });
  const files = readTls();
  const rpc = createRpcServer({
    limits: config.server,
    recordToRow: createRecordToRow({ kinds: config.record.kinds }),
    journal,
    daemonFor: () => config.record.default_daemon,
    now: parts.now,
    newSessionId: parts.newSessionId,
    log: logger,
    ...observed,
    ...(files && { tls: { ...config.tls, files } }),
  });
  const tls =
    files &&
    watchTls({
      read: () => readTls() ?? files,
      files,
      update: rpc.updateTls,
      interval_ms: config.tls.reload_interval_ms,
      log: logger,
    });
  const listening = await rpc.listen(config.server.listen);
  if (!listening.ok) {
    rpc.kill();
    throw new StartError(listening.message);
  }
  const { address } = listening;
  const shutdown = createShutdown({ rpc, journal, logger, drain_timeout_ms: config.server.drain_timeout_ms });

  journal.onStateChange((state, message) => {
    rpc.setServing(state === "open" && !shutdown.begun);
    if (state === "failed") shutdown.fail(message);
  });

  return {
    address,
    ended: shutdown.code,
    stop: shutdown.stop,
    reopen() {
      void journal.reopen();
      tls?.reload();
    },
    rotate: () => void journal.rotate(),
    opened: openJournal(journal, rpc).then(() => {
      if (!shutdown.begun) logger.info({ address, path }, "serving");
    }),
  };
}

async function openJournal(journal: Journal, rpc: RpcServer): Promise<void> {
  try {
    await journal.open();
  } catch (error) {
    rpc.kill();
    throw error instanceof JournalOpenError ? new StartError(error.message) : error;
  }
}
