import { describeFileError, errorCode } from "../config/errors.js";
import type { Output } from "./context.js";

/**
 * Decides what becomes of errors of the standard streams, which would else end the process with a stack trace. `exit` is
 * called when the output cannot be written.
 */
export function watchStandardStreams(stdout: Output, stderr: Output, exit: (code: number) => void): void {
  stdout.on("error", (error) => {
    // A reader that has seen enough (`| head`) is no failure.
    if (errorCode(error) === "EPIPE") return;
    stderr.write(`sessionlog: standard output: ${describeFileError(error)}\n`);
    exit(1);
  });
  // There is nowhere left to tell of it, and a service must outlive the reader of its log.
  stderr.on("error", () => {});
}

/** Resolves once all that was written has left the process, or cannot. */
export function flushed(output: Output): Promise<void> {
  return new Promise((resolve) => output.write("", () => resolve()));
}
