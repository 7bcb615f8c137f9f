import { Writable } from "node:stream";
import { describeFileError, errorCode } from "../config/errors.js";
import type { Output } from "./context.js";

/** Bytes of diagnostics that wait for their reader. */
const WAITING_BYTES_MAX = 1024 * 1024;

/**
 * Handles errors of standard output, which would otherwise end the process with a stack trace.
 *
 * @param exit called when the output cannot be written
 */
export function watchStandardOutput(stdout: Output, stderr: Output, exit: (code: number) => void): void {
  stdout.on("error", (error) => {
    // A reader that stops early (`| head`) is not a failure.
    if (errorCode(error) === "EPIPE") return;
    stderr.write(`sessionlog: standard output: ${describeFileError(error)}\n`);
    exit(1);
  });
}

/**
 * A stream for diagnostics that nobody ever waits for: while WAITING_BYTES_MAX are unread, texts are dropped. Once the
 * reader has caught up, the number of dropped texts is emitted as `dropped`, or written when nobody listens.
 */
export function createDiagnostics(target: Writable & Pick<Output, "isTTY" | "columns">): Output {
  let dropped = 0;
  const stream = new Writable({
    decodeStrings: false,
    write(text, _encoding, done) {
      if (dropped > 0 || target.writableLength > WAITING_BYTES_MAX) dropped += 1;
      else target.write(text);
      done();
    },
  });
  target.on("drain", () => {
    const count = dropped;
    dropped = 0;
    if (count === 0 || stream.emit("dropped", count)) return;
    stream.write(`sessionlog: ${count} messages were dropped here: standard error was not read\n`);
  });
  // There is nowhere left to report it, and a service must outlive the reader of its log.
  target.on("error", () => {});
  const { isTTY, columns } = target;
  return Object.assign(stream, isTTY === true && { isTTY }, columns !== undefined && { columns });
}

/** Resolves when everything written has left the process, or cannot, and after `within_ms` at the latest. */
export function flushed(output: Output, within_ms?: number): Promise<void> {
  return new Promise((resolve) => {
    if (within_ms !== undefined) setTimeout(resolve, within_ms);
    output.write("", () => resolve());
  });
}
