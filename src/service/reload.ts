import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { type Identity, readAuthFile } from "../config/auth_file.js";
import type { Config } from "../config/config.js";
import { ConfigError } from "../config/errors.js";
import { readGroup } from "../config/group.js";
import type { RunningConfig } from "../config/reload.js";
import { readTlsFiles, type TlsFiles } from "../config/tls_files.js";
import { readTokenFile } from "../config/token_file.js";
import type { ServiceObserver } from "./observer.js";

/** The configuration with the files that it names. */
export interface Loaded {
  readonly config: Config;
  readonly tls: TlsFiles | undefined;
  readonly identities: readonly Identity[] | undefined;
  /** SHA-256 of the token that lets in to /metrics. */
  readonly scrape_token: Buffer | undefined;
  /** The number of [server] socket_group. */
  readonly socket_group: number | undefined;
}

export interface Reload {
  /** Reads the configuration and all of its files again: takes all that has changed, or nothing. */
  all(): void;
  stop(): void;
}

export interface ReloadOptions {
  /** In use. */
  readonly running: RunningConfig;
  readonly loaded: Loaded;
  /** Takes what has changed; must not throw. */
  readonly apply: (next: Loaded) => void;
  /** Called each [auth] reload_interval: tokens may have expired. */
  readonly looked: () => void;
  readonly log: Record<"info" | "warn" | "error", (fields: object, message: string) => void>;
  readonly observer: ServiceObserver;
}

/** The sections with files, which are looked at now and then as well. */
const SECTIONS = {
  "[tls]": {
    read: ({ tls }: Config) => ({ tls: readTlsFiles(tls, { readFile: readFileSync, now_ms: Date.now() }) }),
    interval_ms: ({ tls }: Config) => tls.reload_interval_ms,
  },
  "[auth]": {
    read: ({ auth }: Config) => ({ identities: readAuthFile(auth, readFileSync) }),
    interval_ms: ({ auth }: Config) => auth.reload_interval_ms,
  },
  "[metrics]": {
    read: ({ metrics }: Config) => ({ scrape_token: readTokenFile(metrics.token_file, readFileSync) }),
    interval_ms: () => 10_000,
  },
};
type Section = keyof typeof SECTIONS;
const SECTION_NAMES: readonly Section[] = ["[tls]", "[auth]", "[metrics]"];

/** @throws ConfigError for the first file that is wrong */
export function loadFiles(config: Config): Loaded {
  const { "[tls]": tls, "[auth]": auth, "[metrics]": metrics } = SECTIONS;
  const socket_group = readGroup(config.server.socket_group, readFileSync);
  return { config, socket_group, ...tls.read(config), ...auth.read(config), ...metrics.read(config) };
}

/** Reads the configuration when asked, and the files that it names now and then as well. */
export function createReload(options: ReloadOptions): Reload {
  const { apply, looked, log, observer } = options;
  let { running, loaded } = options;
  /** What could not be used when it was last read. */
  const faults = new Map<"all" | Section, string>();
  let timers: readonly NodeJS.Timeout[] = [];

  function take(next: Loaded): void {
    loaded = next;
    apply(next);
  }

  function report(): void {
    observer.configReloaded(faults.size === 0, Date.now(), running.hash);
  }

  function all(): void {
    try {
      const { next, changed, restart } = running.reread();
      const files = loadFiles(next.config);
      running = next;
      faults.clear();
      take(files);
      schedule();
      if (restart.length > 0) log.warn({}, `needs a restart: ${restart.join(", ")}`);
      log.info({ changed, config_hash: running.hash }, "configuration reloaded");
    } catch (error) {
      const reason = reasonOf(error);
      faults.set("all", reason);
      log.error({ reason }, "the configuration is not reloaded, what was read before stays");
    }
    report();
  }

  /** Files that are wrong, or replaced only in part, change nothing, which is told once. */
  function look(section: Section): void {
    try {
      const next = { ...loaded, ...SECTIONS[section].read(loaded.config) };
      const mended = faults.delete(section);
      const changed = !isDeepStrictEqual(next, loaded);
      if (changed) take(next);
      if (changed || mended) report();
    } catch (error) {
      const reason = reasonOf(error);
      if (faults.get(section) === reason) return;
      faults.set(section, reason);
      log.warn({ section, reason }, "changed files are not used, what was read before stays");
      report();
    }
  }

  function schedule(): void {
    stop();
    const { config } = loaded;
    timers = SECTION_NAMES.map((section) =>
      setInterval(() => {
        look(section);
        if (section === "[auth]") looked();
      }, SECTIONS[section].interval_ms(config)).unref(),
    );
  }

  function stop(): void {
    for (const timer of timers) clearInterval(timer);
  }

  schedule();
  report();
  return { all, stop };
}

function reasonOf(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  throw error;
}
