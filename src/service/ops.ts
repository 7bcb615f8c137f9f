import type pino from "pino";
import { isLocal } from "../config/address.js";
import type { Journal, JournalObserver } from "../journal/index.js";
import type { OpsSettings } from "../metrics/index.js";
import type { RpcObserver } from "../rpc/observer.js";
import type { ServiceObserver } from "./observer.js";
import type { Loaded } from "./reload.js";

/** Metrics, and the port that shows them. */
export interface Ops {
  readonly observer: JournalObserver & RpcObserver & ServiceObserver;
  /** Metrics are of this journal. */
  watch(journal: Journal): void;
  /**
   * Listens. Resolves with undefined, or with one line that says why it cannot.
   *
   * @param unready see OpsServerOptions
   */
  listen(unready: () => string | undefined): Promise<string | undefined>;
  /** Applies these from now on. */
  update(next: Loaded): void;
  stop(): void;
}

/** Undefined when [metrics] listen is not set: then nothing is counted, and none of its code is loaded. */
export async function createOps(loaded: Loaded, logger: pino.Logger): Promise<Ops | undefined> {
  const { config } = loaded;
  const { listen, open } = config.metrics;
  if (listen === "") return undefined;
  const { createMetrics, startOpsServer } = await import("../metrics/index.js");
  const metrics = createMetrics(config);
  let stop = () => {};
  let update = (_: OpsSettings) => {};

  return {
    observer: metrics.observer,
    watch: metrics.watch,
    async listen(unready) {
      const outcome = await startOpsServer({ ...settingsOf(loaded), listen, metrics, unready, log: logger });
      if (!outcome.ok) return `[metrics] listen: ${outcome.message}`;
      const { server } = outcome;
      ({ stop, update } = server);
      const { address } = server;
      if (open && !isLocal(listen)) logger.warn({ address }, "/metrics is open to everyone who reaches this address");
      logger.info({ address }, "metrics are served");
      return undefined;
    },
    update: (next) => update(settingsOf(next)),
    stop: () => stop(),
  };
}

function settingsOf({ config, tls, scrape_token }: Loaded): OpsSettings {
  const { listen, open } = config.metrics;
  return {
    tls: config.metrics.tls && tls !== undefined ? { ...config.tls, files: tls } : undefined,
    access: { token: scrape_token, closed: scrape_token !== undefined || !(open || isLocal(listen)) },
  };
}
