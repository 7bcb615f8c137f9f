import { readFileSync } from "node:fs";
import { Gauge, Registry } from "prom-client";
import type { Identity } from "../config/auth_file.js";
import type { Config } from "../config/config.js";
import type { TlsFiles } from "../config/tls_files.js";
import type { Journal, JournalObserver } from "../journal/index.js";
import type { RpcObserver } from "../rpc/observer.js";
import { addAccessMetrics } from "./access_metrics.js";
import { addCallMetrics } from "./call_metrics.js";
import { addConnectionMetrics } from "./connection_metrics.js";
import { createJournalFiles } from "./journal_files.js";
import { addJournalMetrics, type JournalView } from "./journal_metrics.js";
import { addProcessMetrics } from "./process_metrics.js";
import { addRowMetrics } from "./row_metrics.js";
import { addGauge } from "./series.js";

/** What is counted of a service, and how it is printed. */
export interface Metrics {
  readonly observer: JournalObserver & RpcObserver & ServiceReports;
  /** Its gauges are of this journal from now on. */
  watch(journal: Journal): void;
  /** In Prometheus' text format. */
  print(): Promise<string>;
  readonly content_type: string;
}

/** What the service as a whole reports; see ServiceObserver. */
interface ServiceReports {
  configReloaded(good: boolean, time_ms: number, config_hash: string): void;
  certificatesLoaded(files: TlsFiles): void;
  identitiesLoaded(identities: readonly Identity[] | undefined): void;
}

const NO_JOURNAL: JournalView & Pick<Journal, "read"> = {
  state: "opening",
  queued: { rows: 0, bytes: 0 },
  next_sequence: 1,
  async *read() {},
};

export function createMetrics({ log, record }: Pick<Config, "log" | "record">): Metrics {
  const registry = new Registry();
  let journal: JournalView & Pick<Journal, "read"> = NO_JOURNAL;
  const files = createJournalFiles(log.path, () => journal);
  const calls = addCallMetrics(registry);
  const rows = addRowMetrics(registry, record.kinds);
  const stored = addJournalMetrics(registry, () => journal, log.queue_bytes, files);
  const access = addAccessMetrics(registry);
  const connections = addConnectionMetrics(registry);
  const configReloaded = addServiceMetrics(registry);
  addProcessMetrics(registry);

  /** Printing takes milliseconds: those who ask meanwhile get the same. */
  let printing: Promise<string> | undefined;
  async function print(): Promise<string> {
    await files.refresh();
    return registry.metrics();
  }

  return {
    observer: {
      ...calls,
      ...rows,
      ...stored,
      ...access,
      ...connections,
      configReloaded,
      identitiesLoaded(identities) {
        access.identitiesLoaded(identities);
        rows.expect(identities);
      },
      segmentSealed(...sealed) {
        files.segmentsChanged();
        stored.segmentSealed(...sealed);
      },
      segmentCompressed: files.segmentsChanged,
      segmentsRemoved(segments) {
        files.segmentsChanged();
        stored.segmentsRemoved(segments);
      },
      // Counted as calls, by their status.
      appendRefused() {},
      // Read from the journal.
      stateChanged() {},
      // Checked only, or counted once they are stored.
      recordAccepted() {},
    },
    watch(opened) {
      journal = opened;
    },
    print() {
      printing ??= print().finally(() => {
        printing = undefined;
      });
      return printing;
    },
    content_type: registry.contentType,
  };
}

function addServiceMetrics(registry: Registry): ServiceReports["configReloaded"] {
  const reload = { good: true, good_s: Date.now() / 1_000 };
  addGauge(
    registry,
    {
      name: "sessionlog_config_last_reload_successful",
      help: "1 when all that was read last of the configuration and its files is in use.",
    },
    () => Number(reload.good),
  );
  addGauge(
    registry,
    {
      name: "sessionlog_config_last_reload_success_timestamp_seconds",
      help: "When the configuration and its files were last read without a fault.",
    },
    () => reload.good_s,
  );
  const build = new Gauge({
    name: "sessionlog_build_info",
    help: "1; what runs, and a hash of the configuration in use.",
    labelNames: ["version", "node", "config_hash"],
    registers: [registry],
  });
  const described = { version: programVersion(), node: process.version };
  build.set({ ...described, config_hash: "" }, 1);

  return (good, time_ms, config_hash) => {
    reload.good = good;
    if (good) reload.good_s = time_ms / 1_000;
    build.reset();
    build.set({ ...described, config_hash }, 1);
  };
}

function programVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return String(Object(manifest).version);
}
