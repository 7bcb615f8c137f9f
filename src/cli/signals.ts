import type { EventEmitter } from "node:events";
import { WorkError } from "./context.js";
import { stoppedMessage } from "./ingest/to_journal.js";

/** Aborted by the first SIGINT or SIGTERM from now on; a second one ends the process at once, as if nobody listened. */
export function stopOnSignal(signals: EventEmitter): { readonly signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  const end = () => void signals.off("SIGINT", stop).off("SIGTERM", stop);
  const stop = () => {
    controller.abort();
    end();
  };
  signals.on("SIGINT", stop).on("SIGTERM", stop);
  return { signal: controller.signal, end };
}

/** What `source` yields until the signal is aborted; then throws WorkError, also while the source is waited for. */
export async function* untilStopped<Item>(source: AsyncGenerator<Item>, signal: AbortSignal): AsyncGenerator<Item> {
  for (;;) {
    const turn = await nextUnlessStopped(source, signal);
    if (turn.done === true) return;
    yield turn.value;
  }
}

/** No Promise.race against one promise for all turns: that promise would keep every item alive. */
function nextUnlessStopped<Item>(
  source: AsyncGenerator<Item>,
  signal: AbortSignal,
): Promise<IteratorResult<Item, unknown>> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new WorkError(stoppedMessage));
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    source
      .next()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", stop));
  });
}
