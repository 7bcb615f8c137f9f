import { pino } from "pino";
import type { Config } from "../../config/config.js";
import type { CliContext } from "../context.js";
import { control } from "./terminal_output.js";
import { escapeControls } from "./text.js";

/**
 * The diagnostics logger on standard error: JSON lines, or readable text, by default on a terminal. Each line is written
 * before the call returns, so that none is lost when the process exits.
 */
export async function createLogger(
  { env, stderr }: Pick<CliContext, "env" | "stderr">,
  { level, format }: Pick<Config["logs"], "level" | "format">,
): Promise<pino.Logger> {
  const options: pino.LoggerOptions = { level, timestamp: pino.stdTimeFunctions.isoTime };
  const terminal = stderr.isTTY === true;
  if (format === "json" || (format === "auto" && !terminal)) {
    const logger = pino(options, stderr);
    stderr.on("dropped", (dropped_lines) =>
      logger.warn({ dropped_lines }, "log lines were dropped here: standard error was not read"),
    );
    return logger;
  }
  const { prettyFactory } = await import("pino-pretty");
  const colorize = terminal && env.NO_COLOR === undefined;
  const prettify = prettyFactory({ colorize, ignore: "pid,hostname", translateTime: "SYS:HH:MM:ss.l" });
  const readable = (_key: string, value: unknown) =>
    typeof value === "string" ? escapeControls(value, "\n\t") : value;
  return pino(options, { write: (line: string) => stderr.write(control(prettify(JSON.parse(line, readable)))) });
}
