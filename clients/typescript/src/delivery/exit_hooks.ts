/** What happens at the end of the process to loggers that nobody closed. */

export interface Living {
  /** Nothing else keeps the process alive: there is time to send what waits. */
  close(): Promise<boolean>;
  /** The process exits now: there is none. */
  abandon(): void;
}

/** Loggers that were used and not closed. */
const living = new Set<Living>();
let watching = false;

export function used(logger: Living): void {
  living.add(logger);
  if (watching) return;
  watching = true;
  // One listener for all, as Node warns of many.
  process.on("beforeExit", () => {
    for (const one of living) void one.close();
  });
  process.on("exit", () => {
    for (const one of living) one.abandon();
  });
}

export function closed(logger: Living): void {
  living.delete(logger);
}
