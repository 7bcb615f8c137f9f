import { createHash } from "node:crypto";
import { assemble, type Config, type LoadedConfig } from "./config.js";
import { ConfigError } from "./errors.js";
import type { Applies } from "./settings.js";

/** A setting that has another value. */
export interface Difference {
  /** `[log] path` */
  readonly name: string;
  readonly applies: Applies;
  /** TOML literals. */
  readonly before: string;
  readonly after: string;
}

export function differences(before: LoadedConfig, after: LoadedConfig): readonly Difference[] {
  return after.entries.flatMap(({ section, key, toml, applies }, index) => {
    const old = before.entries[index]?.toml ?? "";
    return old === toml ? [] : [{ name: `[${section}] ${key}`, applies, before: old, after: toml }];
  });
}

/**
 * What is in use after a reload: settings that need a restart stay as they are.
 *
 * @throws ConfigError when these contradict the new ones
 */
export function reloaded(running: LoadedConfig, next: LoadedConfig): LoadedConfig {
  if (running.file !== undefined && next.file === undefined) {
    throw new ConfigError(`${running.file}: no such file or directory; it was read before`);
  }
  try {
    return assemble(({ section, key, applies }) => {
      const value = (applies === "restart" ? running : next).found.get(`${section}.${key}`);
      if (value === undefined) throw new Error(`[${section}] ${key} was not loaded`);
      return value;
    }, next.file);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`with what needs a restart as it was: ${error.message}`);
  }
}

/** A configuration in use, which can be read again. */
export interface RunningConfig {
  readonly config: Config;
  /** Of all values in use: 12 hexadecimal digits. */
  readonly hash: string;
  /** @throws ConfigError; then nothing has changed */
  reread(): Reread;
}

export interface Reread {
  readonly next: RunningConfig;
  /** Names of the settings that have changed, and are in `next`. */
  readonly changed: readonly string[];
  /** Names of those that are not: they need a restart. */
  readonly restart: readonly string[];
}

/** One that never changes; its files may. */
export function fixedConfig(config: Config): RunningConfig {
  const fixed: RunningConfig = { config, hash: "", reread: () => ({ next: fixed, changed: [], restart: [] }) };
  return fixed;
}

/** @param load reads the configuration as it was read at start */
export function runningConfig(running: LoadedConfig, load: () => LoadedConfig): RunningConfig {
  return {
    config: running.config,
    hash: hashOf(running),
    reread() {
      const read = load();
      const next = reloaded(running, read);
      return {
        next: runningConfig(next, load),
        changed: differences(running, next).map(({ name }) => name),
        restart: differences(next, read).map(({ name }) => name),
      };
    },
  };
}

function hashOf({ entries }: LoadedConfig): string {
  const text = entries.map(({ section, key, toml }) => `[${section}] ${key} = ${toml}\n`).join("");
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
