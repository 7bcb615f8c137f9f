import { CONFIG_VARIABLE, type Environment, refuseUnknownVariables } from "./environment.js";
import { ConfigError } from "./errors.js";
import { type ConfigFile, readConfigFile } from "./file.js";
import { checkListen, checkTls } from "./listen_rules.js";
import { checkMetrics } from "./metrics_rules.js";
import { type Applies, type Config, listSettings, type Setting, settingsTable, variableOf } from "./settings.js";
import { homeProblem } from "./values.js";

export { ConfigError } from "./errors.js";
export type { Config } from "./settings.js";

/** A flag as typed. */
export interface FlagValue {
  /** `--listen` or `--server-listen`. */
  readonly flag: string;
  readonly text: string;
}

/** The sources of a configuration. */
export interface ConfigSources {
  /** By `section.key`. */
  readonly flags: ReadonlyMap<string, FlagValue>;
  /** What `--config` gave. */
  readonly config_flag: string | undefined;
  /** The flag that gave it, where that is another one. */
  readonly config_flag_name?: string;
  readonly env: Environment;
  /** What relative paths of flags, variables and defaults count from. */
  readonly cwd: string;
  readonly readFile: (path: string) => Buffer;
}

/** One effective value and where it came from. */
export interface ConfigEntry {
  readonly section: string;
  readonly key: string;
  /** The value as a TOML literal. */
  readonly toml: string;
  /** `default`, `flag --listen`, `SESSIONLOG_SERVER_LISTEN` or the file's absolute path. */
  readonly origin: string;
  readonly applies: Applies;
}

export interface LoadedConfig {
  readonly config: Config;
  /** Every setting, in the table's order. */
  readonly entries: readonly ConfigEntry[];
  /** The absolute path of the file that was read; undefined when there was none. */
  readonly file: string | undefined;
  /** As it was found, by `section.key`. */
  readonly found: ReadonlyMap<string, FoundValue>;
}

/**
 * Flags beat variables beat the file beat defaults.
 *
 * @throws ConfigError, one line, for the first invalid name or value
 */
export function loadConfig(sources: ConfigSources): LoadedConfig {
  const { env, cwd } = sources;
  refuseUnknownVariables(env);
  const file = readConfigFile(namedFile(sources), cwd, listSettings(), sources.readFile);
  return assemble((setting) => findValue(setting, sources, file), file?.path);
}

/**
 * Makes a configuration of values that were found.
 *
 * @throws ConfigError for the first that is invalid, and when some contradict each other
 */
export function assemble(find: (setting: Setting<unknown>) => FoundValue, file: string | undefined): LoadedConfig {
  const entries: ConfigEntry[] = [];
  const found = new Map<string, FoundValue>();
  const table = settingsTable((setting) => {
    const { section, key, type, applies } = setting;
    const value = find(setting);
    const reading = type.read(value.value, value.base);
    if (reading === undefined) {
      const problem = type.problem?.(value.value) ?? `expected ${type.expected}; got ${excerpt(value.value)}`;
      throw new ConfigError(`${value.place}: ${problem}`);
    }
    entries.push({ section, key, toml: reading.toml, origin: value.origin, applies });
    found.set(`${section}.${key}`, value);
    return reading.value;
  });
  for (const section of Object.values(table)) Object.freeze(section);
  const config: Config = Object.freeze(table);
  const placeOf = (name: string) => found.get(name)?.place ?? name;
  checkListen(config, placeOf("server.listen"));
  checkTls(config, placeOf);
  checkMetrics(config, placeOf);
  refuseContradictions(config, placeOf);
  return { config, entries, file, found };
}

function namedFile(sources: ConfigSources): { path: string; by: string } | undefined {
  const { config_flag, config_flag_name = "--config", env } = sources;
  const [path, by] =
    config_flag === undefined ? [env[CONFIG_VARIABLE], CONFIG_VARIABLE] : [config_flag, config_flag_name];
  if (path === undefined) return undefined;
  const problem = homeProblem(path);
  if (problem !== undefined) throw new ConfigError(`${by}: ${problem}`);
  return { path, by };
}

/** A value, and where it was found. */
export interface FoundValue {
  /** As a file would state it. */
  readonly value: unknown;
  readonly origin: string;
  /** The directory that relative paths count from. */
  readonly base: string;
  /** How messages name the setting. */
  readonly place: string;
}

function findValue(
  setting: Setting<unknown>,
  { flags, env, cwd }: ConfigSources,
  file: ConfigFile | undefined,
): FoundValue {
  const { section, key, type } = setting;
  const name = `${section}.${key}`;
  const variable = variableOf(setting);
  const place = `[${section}] ${key}`;
  const flag = flags.get(name);
  if (flag !== undefined) {
    const origin = `flag ${flag.flag}`;
    return { value: type.fromText(flag.text), origin, base: cwd, place: `${flag.flag} (${place})` };
  }
  const text = env[variable];
  if (text !== undefined) {
    return { value: type.fromText(text), origin: variable, base: cwd, place: `${variable} (${place})` };
  }
  if (file?.values.has(name)) {
    return { value: file.values.get(name), origin: file.path, base: file.directory, place: `${file.path}: ${place}` };
  }
  return { value: setting.default, origin: "default", base: cwd, place };
}

function excerpt(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

/** Retention removes whole sealed segments, so it cannot keep less than rotation puts into one. */
function refuseContradictions({ rotation, retention }: Config, placeOf: (name: string) => string): void {
  const period_ms = { none: 0, hourly: 3_600_000, daily: 86_400_000 }[rotation.interval];
  if (retention.max_bytes > 0 && retention.max_bytes < rotation.max_bytes) {
    throw new ConfigError(
      `${placeOf("retention.max_bytes")} is less than ${placeOf("rotation.max_bytes")}: expected room for at least one segment`,
    );
  }
  if (retention.max_age_ms > 0 && retention.max_age_ms < period_ms) {
    throw new ConfigError(
      `${placeOf("retention.max_age")} is shorter than ${placeOf("rotation.interval")} = "${rotation.interval}": expected at least one such period`,
    );
  }
}
