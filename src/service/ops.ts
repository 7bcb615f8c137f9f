import { readFileSync } from "node:fs";
import type pino from "pino";
import { isLocal } from "../config/address.js";
import type { Config } from "../config/config.js";
import type { TlsFiles } from "../config/tls_files.js";
import { readTokenFile } from "../config/token_file.js";
import type { Journal, JournalObserver } from "../journal/index.js";
import type { RpcObserver } from "../rpc/observer.js";
import { type FileReload, watchFiles } from "./file_reload.js";
import type { ServiceObserver } from "./observer.js";

/** Metrics, and the port that shows them. */
export interface Ops {
  readonly observer: JournalObserver & RpcObserver & ServiceObserver;
  /** Metrics are of this journal. */
  watch(journal: Journal): void;
  /**
   * Listens. Resolves with undefined, or with one line that says why it cannot.
   *
   * @param files those of [tls]
   * @param unready see OpsServerOptions
   */
  listen(files: TlsFiles | undefined, unready: () => string | undefined): Promise<string | undefined>;
  updateTls(files: TlsFiles): void;
  /** Looks at the token's file at once. */
  reload(): void;
  stop(): void;
}

const TOKEN_INTERVAL_MS = 10_000;

/**
 * Undefined when [metrics] listen is not set: then nothing is counted, and none of its code is loaded.
 *
 * @throws ConfigError when the token's file is wrong
 */
export async function createOps(config: Pick<Config, "metrics" | "tls" | "log" | "record">, logger: pino.Logger) {
  const { listen, token_file, tls, open } = config.metrics;
  if (listen === "") return undefined;
  const { createMetrics, startOpsServer } = await import("../metrics/index.js");
  const metrics = createMetrics(config);
  const readAccess = () => {
    const token = readTokenFile(token_file, readFileSync);
    return { token, closed: token !== undefined || !(open || isLocal(listen)) };
  };
  const access = readAccess();
  const stops: (() => void)[] = [];
  let tokens: FileReload | undefined;
  let updateTls = (_: TlsFiles) => {};

  const ops: Ops = {
    observer: metrics.observer,
    watch: metrics.watch,
    async listen(files, unready) {
      const outcome = await startOpsServer({
        listen,
        tls: tls && files !== undefined ? { ...config.tls, files } : undefined,
        access,
        metrics,
        unready,
      });
      if (!outcome.ok) return `[metrics] listen: ${outcome.message}`;
      const { server } = outcome;
      tokens = watchFiles({
        section: "[metrics]",
        read: readAccess,
        first: access,
        update(next) {
          server.updateAccess(next);
          logger.info({}, "the token of /metrics was renewed");
        },
        interval_ms: TOKEN_INTERVAL_MS,
        log: logger,
      });
      updateTls = server.updateTls;
      stops.push(server.stop, tokens.stop);
      const { address } = server;
      if (open && !isLocal(listen)) logger.warn({ address }, "/metrics is open to everyone who reaches this address");
      logger.info({ address }, "metrics are served");
      return undefined;
    },
    updateTls: (files) => updateTls(files),
    reload: () => tokens?.reload(),
    stop() {
      for (const stop of stops) stop();
    },
  };
  return ops;
}
