/** What happens at the end of the process to loggers that nobody closed. */

export interface TrackedLogger {
  /** Nothing else keeps the process alive: there is time to send what is buffered. */
  close(): Promise<boolean>;
  /** The process exits now: there is none. */
  abandon(): void;
}

/** Loggers that were used and are not closed. */
const tracked = new Set<TrackedLogger>();
let listening = false;

export function track(logger: TrackedLogger): void {
  tracked.add(logger);
  if (listening) return;
  listening = true;
  // One listener for all, as Node warns of many.
  process.on("beforeExit", () => {
    for (const one of tracked) void one.close();
  });
  process.on("exit", () => {
    for (const one of tracked) one.abandon();
  });
}

export function untrack(logger: TrackedLogger): void {
  tracked.delete(logger);
}
