import { Command } from "commander";
import { authFileWarnings } from "../../config/auth_file.js";
import type { LoadedConfig } from "../../config/config.js";
import { differences, reloaded } from "../../config/reload.js";
import type { TlsFiles } from "../../config/tls_files.js";
import { loadFiles } from "../../service/reload.js";
import { type CliCommand, write } from "../context.js";
import { addConfigOptions, configurationHelp } from "../options/settings_options.js";
import { oneLine } from "../output/text.js";

/** `sessionlog check-config`: prints the effective configuration. */
export function createCommand(): CliCommand {
  const command = new Command("sessionlog check-config").description(description);
  const options = addConfigOptions(command);
  command.option("--against <file>", "say what a reload from this configuration file would change");
  return {
    command,
    help: `${configurationHelp}\n${checkConfigHelp}`,
    async run(context) {
      const loaded = options.load(context);
      const { tls } = loadFiles(loaded.config);
      for (const warning of [...(tls?.warnings ?? []), ...authFileWarnings(loaded.config.auth)]) {
        await write(context.stderr, `sessionlog: ${oneLine(warning)}\n`);
      }
      const { against: text } = command.opts<{ against?: string }>();
      const printed =
        text === undefined
          ? printConfig(loaded) + printCertificate(tls)
          : printChange(options.loadFrom(context, { flag: "--against", text }), loaded);
      await write(context.stdout, printed);
      return 0;
    },
  };
}

/** The configuration as TOML, each line with when a change applies and its origin as a comment. */
export function printConfig({ entries, file }: LoadedConfig): string {
  const lines = [
    `# Configuration file: ${oneLine(file ?? "none")}`,
    "# A change applies at: reload (SIGHUP), restart, or command (the next one reads it). After that: the value's origin.",
  ];
  const assignments = entries.map((entry) => ({ ...entry, text: `${entry.key} = ${entry.toml}` }));
  const width = Math.max(...assignments.map(({ text }) => text.length));
  let current = "";
  for (const { section, text, origin, applies } of assignments) {
    if (section !== current) lines.push("", `[${section}]`);
    current = section;
    lines.push(`${text.padEnd(width)}  # ${applies.padEnd(7)}  ${oneLine(origin)}`);
  }
  return `${lines.join("\n")}\n`;
}

/** What a reload from one configuration to the other would change, and what not. */
export function printChange(running: LoadedConfig, next: LoadedConfig): string {
  const changed = differences(running, next);
  // Refused where it would be.
  reloaded(running, next);
  const lines = [`from ${oneLine(running.file ?? "none")} to ${oneLine(next.file ?? "none")}`];
  for (const [applies, title] of CHANGES) {
    const those = changed.filter((difference) => difference.applies === applies);
    if (those.length > 0) lines.push(title);
    for (const { name, before, after } of those) lines.push(`  ${name}: ${before} -> ${after}`);
  }
  return `${(changed.length === 0 ? [...lines, "no setting changes"] : lines).join("\n")}\n`;
}

const CHANGES = [
  ["reload", "a reload changes:"],
  ["restart", "needs a restart:"],
  ["command", "the next command reads:"],
] as const;

/** What [tls] cert is, as comments; nothing without one. */
function printCertificate(tls: TlsFiles | undefined): string {
  if (tls === undefined) return "";
  const { subject, names, not_after, sha256 } = tls.facts;
  return `\n# Certificate: ${oneLine(subject)}; ${oneLine(names)}\n# valid until ${not_after}, SHA-256 ${sha256}\n`;
}

const description = `Checks the configuration and the files of [tls] and [auth] as serve would, and prints the effective values,
each with a comment: when a change of it applies (reload, restart or command), and its origin (default, flag, variable, or the
file's path). The output is itself a configuration file.

With --against, says instead what a reload of a service that runs with that file would change, and what needs a restart. Flags
and variables count for both.`;

const checkConfigHelp = `
Exit status:
  0  the configuration is valid
  2  it is not: standard error names the key, where it was set, and what was expected

Examples:
  sessionlog check-config
  sessionlog check-config --config /etc/sessionlog.toml
  sessionlog check-config --config new.toml --against /etc/sessionlog.toml
  SESSIONLOG_LOG_QUEUE_BYTES=128MiB sessionlog check-config > sessionlog.toml`;
