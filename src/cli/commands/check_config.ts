import { readFileSync } from "node:fs";
import { Command } from "commander";
import { authFileWarnings, readAuthFile } from "../../config/auth_file.js";
import type { LoadedConfig } from "../../config/config.js";
import { readGroup } from "../../config/group.js";
import { readTlsFiles, type TlsFiles } from "../../config/tls_files.js";
import { readTokenFile } from "../../config/token_file.js";
import { type CliCommand, write } from "../context.js";
import { addConfigOptions, configurationHelp } from "../options/settings_options.js";
import { oneLine } from "../output/text.js";

/** `sessionlog check-config`: prints the effective configuration. */
export function createCommand(): CliCommand {
  const command = new Command("sessionlog check-config").description(description);
  const options = addConfigOptions(command);
  return {
    command,
    help: `${configurationHelp}\n${checkConfigHelp}`,
    async run(context) {
      const loaded = options.load(context);
      const tls = readTlsFiles(loaded.config.tls, { readFile: readFileSync, now_ms: context.now_ms() });
      readAuthFile(loaded.config.auth, readFileSync);
      readTokenFile(loaded.config.metrics.token_file, readFileSync);
      readGroup(loaded.config.server.socket_group, readFileSync);
      for (const warning of [...(tls?.warnings ?? []), ...authFileWarnings(loaded.config.auth)])
        await write(context.stderr, `sessionlog: ${oneLine(warning)}\n`);
      await write(context.stdout, printConfig(loaded) + printCertificate(tls));
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

/** What [tls] cert is, as comments; nothing without one. */
function printCertificate(tls: TlsFiles | undefined): string {
  if (tls === undefined) return "";
  const { subject, names, not_after, sha256 } = tls.facts;
  return `\n# Certificate: ${oneLine(subject)}; ${oneLine(names)}\n# valid until ${not_after}, SHA-256 ${sha256}\n`;
}

const description = `Checks the configuration and the files of [tls] and [auth] as serve would, and prints the effective values,
each with a comment: when a change of it applies (reload, restart or command), and its origin (default, flag, variable, or the
file's path). The output is itself a configuration file.`;

const checkConfigHelp = `
Exit status:
  0  the configuration is valid
  2  it is not: standard error names the key, where it was set, and what was expected

Examples:
  sessionlog check-config
  sessionlog check-config --config /etc/sessionlog.toml
  SESSIONLOG_LOG_QUEUE_BYTES=128MiB sessionlog check-config > sessionlog.toml`;
