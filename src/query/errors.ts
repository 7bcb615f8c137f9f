/** The files cannot be read as asked. The message is one line that names the file. */
export class ReadError extends Error {
  override readonly name = "ReadError";
}

/** The SQL is invalid, not allowed, or failed. The message may have several lines and shows the place if there is one. */
export class SqlError extends Error {
  override readonly name = "SqlError";
}

/** An optional package is not there. The message is one line that says what to install. */
export class NotInstalledError extends Error {
  override readonly name = "NotInstalledError";
}

/** Stopped by a timeout or a signal. */
export class StoppedError extends Error {
  override readonly name = "StoppedError";
}

/** What went wrong, in words. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
