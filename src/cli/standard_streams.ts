import { describeFileError, errorCode } from "../config/errors.js";
import type { Output } from "./context.js";

/**
 * Handles errors of the standard streams, which would otherwise end the process with a stack trace.
 *
 * @param exit called when the output cannot be written
 */
export function watchStandardStreams(stdout: Output, stderr: Output, exit: (code: number) => void): void {
  stdout.on("error", (error) => {
    // A reader that stops early (`| head`) is not a failure.
    if (errorCode(error) === "EPIPE") return;
    stderr.write(`sessionlog: standard output: ${describeFileError(error)}\n`);
    exit(1);
  });
  // There is nowhere left to report it, and a service must outlive the reader of its log.
  stderr.on("error", () => {});
}

/** Resolves when everything written has left the process, or cannot. */
export function flushed(output: Output): Promise<void> {
  return new Promise((resolve) => output.write("", () => resolve()));
}
