import { pino } from "pino";
import type { CliContext } from "../context.js";
import { control } from "./terminal_output.js";
import { escapeControls } from "./text.js";

/**
 * The diagnostics logger on standard error: JSON lines, or readable text on a terminal. Each line is written before
 * the call returns, so that none is lost when the process exits.
 */
export async function createLogger({ env, stderr }: Pick<CliContext, "env" | "stderr">): Promise<pino.Logger> {
  const options: pino.LoggerOptions = { timestamp: pino.stdTimeFunctions.isoTime };
  if (stderr.isTTY !== true) {
    const logger = pino(options, stderr);
    stderr.on("dropped", (dropped_lines) =>
      logger.warn({ dropped_lines }, "log lines were dropped here: standard error was not read"),
    );
    return logger;
  }
  const { prettyFactory } = await import("pino-pretty");
  const colorize = env.NO_COLOR === undefined;
  const prettify = prettyFactory({ colorize, ignore: "pid,hostname", translateTime: "SYS:HH:MM:ss.l" });
  const readable = (_key: string, value: unknown) =>
    typeof value === "string" ? escapeControls(value, "\n\t") : value;
  return pino(options, { write: (line: string) => stderr.write(control(prettify(JSON.parse(line, readable)))) });
}
