/** Where a logger reports what a daemon's author should know: `console` and pino's loggers fit. */
export interface ClientLog {
  info(message: string): void;
  warn(message: string): void;
  /** Gets each call, with the option `debug`; without it `info` does. */
  debug?(message: string): void;
}

/** Writes a message to a log now; one of a level that the log does not have to `info`. */
export function writeLog(log: Partial<ClientLog>, level: keyof ClientLog, message: string): void {
  try {
    const text = `session log: ${message}`;
    if (log[level] === undefined) log.info?.(text);
    else log[level](text);
  } catch {
    // A log that throws loses no row, and there is nobody left to report it to.
  }
}
