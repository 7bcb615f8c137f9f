import { readFileSync } from "node:fs";
import { type Command, Option } from "commander";
import { type FlagValue, type LoadedConfig, loadConfig } from "../../config/config.js";
import { flagOf, listSettings, type Setting } from "../../config/settings.js";
import type { CliContext } from "../context.js";

const GROUP_NAMES: Readonly<Record<string, string>> = {
  server: "Server:",
  tls: "TLS:",
  auth: "Identities:",
  log: "Session log:",
  record: "Records:",
  rotation: "Rotation:",
  retention: "Retention:",
  logs: "Logs:",
  langfuse: "Langfuse:",
  audit: "Audit:",
};

/** The configuration from a command's flags, the environment and the file. */
export interface ConfigOptions {
  /** Called after the command line is parsed. Throws ConfigError. */
  load(context: CliContext): LoadedConfig;
  /** The same with another file, that this flag gave. */
  loadFrom(context: CliContext, flag: FlagValue): LoadedConfig;
  /** Adds another flag for a setting; it takes a value. */
  alias(flag: string, placeholder: string, help: string, section: string, key: string): void;
}

/** Adds `--config` and the flags of the settings that `wanted` selects. The last flag of a setting counts. */
export function addConfigOptions(
  command: Command,
  wanted: (setting: Setting<unknown>) => boolean = () => true,
): ConfigOptions {
  const flags = new Map<string, FlagValue>();
  let config_flag: string | undefined;

  function add(option: Option, group: string, given: (text: string | undefined) => void): void {
    command.addOption(option.helpGroup(group));
    command.on(`option:${option.name()}`, given);
  }

  function addFlag(section: string, key: string, flag: string, usage: string, help: string): void {
    add(new Option(`${flag}${usage}`, help), GROUP_NAMES[section] ?? `[${section}]:`, (text) => {
      flags.set(`${section}.${key}`, { flag, text: text ?? "true" });
    });
  }

  add(
    new Option("--config <file>", "the configuration file (default: sessionlog.toml, if there is one)"),
    "Options:",
    (text) => {
      config_flag = text;
    },
  );
  for (const setting of listSettings().filter(wanted)) {
    const { section, key, type, short } = setting;
    const flag = flagOf(setting);
    const usage = ` ${type.placeholder}`;
    if (short !== undefined) {
      const bare = typeof setting.default === "boolean";
      addFlag(section, key, `--${short}`, bare ? "" : usage, bare ? `short for ${flag} true` : `short for ${flag}`);
    }
    addFlag(section, key, flag, usage, `${setting.help} (default: ${defaultText(setting)})`);
  }

  const sourcesOf = ({ env, cwd }: CliContext) => ({ flags, env, cwd, readFile: (path: string) => readFileSync(path) });
  return {
    load: (context) => loadConfig({ ...sourcesOf(context), config_flag }),
    loadFrom: (context, { flag, text }) =>
      loadConfig({ ...sourcesOf(context), config_flag: text, config_flag_name: flag }),
    alias: (flag, placeholder, help, section, key) => addFlag(section, key, flag, ` ${placeholder}`, help),
  };
}

function defaultText({ default: value }: Setting<unknown>): string {
  if (Array.isArray(value)) return value.join(",");
  return value === "" ? "none" : String(value);
}

/** The part of a help text about where settings come from. */
export const configurationHelp = `
Configuration:
  Flags override variables, variables the file, and the file the defaults.
  The key queue_bytes of section [log] is --log-queue-bytes as a flag,
  SESSIONLOG_LOG_QUEUE_BYTES as a variable, and in the file, which is TOML:

      [log]
      queue_bytes = "64MiB"

  Relative paths in the file start at its directory, others at the
  working directory.
  "sessionlog check-config" prints the effective values and their origins.

Environment:
  SESSIONLOG_CONFIG           the configuration file, unless --config is given
  SESSIONLOG_<SECTION>_<KEY>  any setting; an unknown SESSIONLOG_ name is an error`;
