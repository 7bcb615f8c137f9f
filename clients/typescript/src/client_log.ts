/** Where a logger reports what a daemon's author should know: `console` and pino's loggers fit. */
export interface ClientLog {
  info(message: string): void;
  warn(message: string): void;
}

/** Writes a message to a log now. */
export function writeLog<Level extends keyof ClientLog>(
  log: Pick<ClientLog, Level>,
  level: Level,
  message: string,
): void {
  try {
    log[level](`session log: ${message}`);
  } catch {
    // A log that throws loses no row, and there is nobody left to report it to.
  }
}
