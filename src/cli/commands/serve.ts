import { SCHEMA } from "@sessionlog/protocol/gen/limits";
import { Command } from "commander";
import { runningConfig } from "../../config/reload.js";
import { type CliCommand, type CliContext, WorkError } from "../context.js";
import { addConfigOptions, configurationHelp } from "../options/settings_options.js";

/** `sessionlog serve`: runs the service until a signal ends it. */
export function createCommand(): CliCommand {
  const command = new Command("sessionlog serve").description(description);
  const options = addConfigOptions(command);
  return {
    command,
    help: `${configurationHelp}\n${serveHelp}`,
    async run(context) {
      const loaded = options.load(context);
      const { config } = loaded;
      const ignored = config.logs.unsafe_trace ? [] : withoutTracing(context.env);
      const [{ createLogger }, { runService, StartError }] = await Promise.all([
        import("../output/logger.js"),
        import("../../service/service.js"),
      ]);
      const logger = await createLogger(context, config.logs);
      if (config.logs.unsafe_trace) logger.warn({}, "--unsafe-trace: tokens and metadata may be printed");
      if (ignored.length > 0) {
        logger.warn({ variables: ignored }, "gRPC's tracing, which prints tokens, needs --unsafe-trace");
      }
      try {
        const running = runningConfig(loaded, () => options.load(context));
        return await runService(running, logger, context.signals);
      } catch (error) {
        throw error instanceof StartError ? new WorkError(error.message) : error;
      }
    },
  };
}

/** What makes grpc-js print the metadata of every call, tokens too. It reads them when it is imported. */
const TRACING = ["GRPC_TRACE", "GRPC_NODE_TRACE", "GRPC_VERBOSITY", "GRPC_NODE_VERBOSITY"];

/** Removes the variables of tracing; returns the names of those that were set. */
function withoutTracing(env: CliContext["env"]): readonly string[] {
  const found = TRACING.filter((name) => env[name] !== undefined);
  for (const name of found) delete env[name];
  return found;
}

const description = `Runs the service: receives sessions over gRPC, checks each against ${SCHEMA} and appends it as
one JSON line to the session log, which only it writes. A reply of OK means that the row is on disk.

Once appends are accepted it logs a line with msg "serving", the address (with the actual port) and the path of the
session log. Logs go to standard error, as JSON lines, or as readable text on a terminal; they never contain a
record's content.`;

const serveHelp = `
Signals:
  SIGTERM, SIGINT  accept no new calls, store and answer queued ones, then exit; a second signal exits at once
  SIGHUP           reopen the session log's file, and read the configuration and the files of [tls] and [auth] again
  SIGUSR2          rotate: seal the session log's file and start a new one

Exit status:
  0  stopped by a signal, every accepted row is on disk
  1  could not start (address in use, session log locked by another process, ...), or the disk failed
  2  wrong usage or configuration

Examples:
  sessionlog serve
  sessionlog serve --listen 127.0.0.1:0 --path data/sessions.jsonl
  sessionlog serve --config /etc/sessionlog.toml --record-kinds fill,memo`;
