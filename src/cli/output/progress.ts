import type { Output } from "../context.js";

/** How often the line on the terminal changes. */
const interval_ms = 200;

/** One line on a terminal that says how far the work is; nothing elsewhere. */
export interface Progress {
  /** Shows the text unless another was shown just before. */
  show(text: string): void;
  /** Makes room for other output. */
  clear(): void;
}

export function createProgress(stderr: Output, monotonic_ms: () => number): Progress {
  if (stderr.isTTY !== true) return { show() {}, clear() {} };
  let next_ms = 0;
  let shown = false;
  return {
    show(text) {
      if (monotonic_ms() < next_ms) return;
      next_ms = monotonic_ms() + interval_ms;
      shown = true;
      stderr.write(`\r\u001b[K${text}`);
    },
    clear() {
      if (shown) stderr.write("\r\u001b[K");
      shown = false;
      next_ms = 0;
    },
  };
}
