import type { Output } from "./context.js";
import { control } from "./output/terminal_output.js";

/** Between two updates of the line. */
const INTERVAL_MS = 200;

/** One line of progress on a terminal; nothing elsewhere. */
export interface Progress {
  /** Shows the text, unless the last update is too recent. */
  show(text: string): void;
  /** Removes the line before other output. */
  clear(): void;
}

export function createProgress(stderr: Output, monotonic_ms: () => number): Progress {
  if (stderr.isTTY !== true) return { show() {}, clear() {} };
  const remove = control("\r\u001b[K");
  let next_ms = 0;
  let shown = false;
  return {
    show(text) {
      if (monotonic_ms() < next_ms) return;
      next_ms = monotonic_ms() + INTERVAL_MS;
      shown = true;
      stderr.write(remove + text);
    },
    clear() {
      if (shown) stderr.write(remove);
      shown = false;
      next_ms = 0;
    },
  };
}
