import { Command } from "commander";
import { type CliCommand, WorkError } from "../context.js";
import { addConfigOptions, configurationHelp } from "../options/settings_options.js";

/** `sessionlog serve`: runs the service until a signal ends it. */
export function createServe(): CliCommand {
  const command = new Command("sessionlog serve")
    .description(
      "Runs the service: takes sessions over gRPC, checks each against session.iterate.v1 and appends it as one JSON line to the " +
        "session log, which it alone writes. A reply of OK means that the row is on disk.\n\n" +
        'Once appends are accepted it logs a line with msg "serving", the address (with the real port) and the path of the ' +
        "session log. Logs go to standard error: JSON lines, or readable ones on a terminal; never a record's content.",
    )
    .addHelpText("after", `${configurationHelp}\n${serveHelp}`);
  const options = addConfigOptions(command);
  return {
    command,
    async run(context) {
      const { config } = options.load(context);
      const [{ createLogger }, { runService, StartError }] = await Promise.all([
        import("../output/logger.js"),
        import("../../service/service.js"),
      ]);
      const logger = await createLogger(context);
      try {
        return await runService(config, logger, context.signals);
      } catch (error) {
        throw error instanceof StartError ? new WorkError(error.message) : error;
      }
    },
  };
}

const serveHelp = `
Signals:
  SIGTERM, SIGINT  take no new calls, write and answer what is queued, then end; a second one ends at once
  SIGHUP           look at the session log's file anew
  SIGUSR2          seal the session log's file and go on in a new one

Exit status:
  0  ended by a signal, all that was taken on is on disk
  1  could not start (address in use, session log held by another process, ...) or the disk failed
  2  wrong usage or configuration

Examples:
  sessionlog serve
  sessionlog serve --listen 127.0.0.1:0 --path /var/lib/sessionlog/sessions.jsonl
  sessionlog serve --config /etc/sessionlog.toml --record-kinds fill,email,playbook,letter`;
