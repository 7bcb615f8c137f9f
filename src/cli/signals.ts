import { EventEmitter } from "node:events";
import { WorkError } from "./context.js";

export const STOPPED_MESSAGE = "stopped by a signal";
/** Those that end a command. */
export const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Emitted beside the signals when one of them has stopped a command: nobody waits for its output any longer. */
export const STOPPED_EVENT = "stopped";

/** npm hands a signal on to the process that it runs; `timeout` and a terminal send it to both, so it comes twice. */
const PASSED_ON: readonly string[] = ["SIGINT", "SIGTERM"];
const SAME_SIGNAL_MS = 1000;

/**
 * Emits the signals that `process` receives and that are listened to. SIGINT or SIGTERM once more within a second is the
 * same one, also when nobody listens any longer because the first has stopped the command; later it ends the process.
 */
export function processSignals(process: EventEmitter & Pick<NodeJS.Process, "kill" | "pid">): EventEmitter {
  const signals = new EventEmitter();
  const received_ms = new Map<string, number>();
  const receive = (name: string) => {
    const now_ms = performance.now();
    const again = now_ms - (received_ms.get(name) ?? Number.NEGATIVE_INFINITY) < SAME_SIGNAL_MS;
    if (again && PASSED_ON.includes(name)) return;
    received_ms.set(name, now_ms);
    if (signals.emit(name)) return;
    process.off(name, receive);
    process.kill(process.pid, name);
  };
  signals.on("newListener", (name: string) => {
    if (name.startsWith("SIG") && !process.listeners(name).includes(receive)) process.on(name, receive);
  });
  signals.on("removeListener", (name: string) => {
    if (signals.listenerCount(name) === 0 && !received_ms.has(name)) process.off(name, receive);
  });
  return signals;
}

/** Of a time limit that has passed. */
export function timeoutMessage(timeout_ms: number): string {
  return `stopped after ${timeout_ms / 1000} s (--timeout)`;
}

/**
 * Aborts at the first SIGINT, SIGTERM or SIGHUP, or after `timeout_ms`; the reason is an Error with a message for the user.
 * A second signal ends the process at once, as without a handler. `end` removes handlers and timer.
 */
export function stopOnSignal(
  signals: EventEmitter,
  timeout_ms?: number,
): { readonly signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  const onSignal = () => {
    stop(STOPPED_MESSAGE);
    signals.emit(STOPPED_EVENT);
  };
  const timer = timeout_ms === undefined ? undefined : setTimeout(() => stop(timeoutMessage(timeout_ms)), timeout_ms);
  for (const name of STOP_SIGNALS) signals.on(name, onSignal);
  function stop(message: string): void {
    controller.abort(new Error(message));
    end();
  }
  function end(): void {
    clearTimeout(timer);
    for (const name of STOP_SIGNALS) signals.off(name, onSignal);
  }
  return { signal: controller.signal, end };
}

/** Yields the items of `source`; throws WorkError as soon as the signal is aborted, also while waiting for an item. */
export async function* untilStopped<Item>(source: AsyncGenerator<Item>, signal: AbortSignal): AsyncGenerator<Item> {
  for (;;) {
    const turn = await nextUnlessStopped(source, signal);
    if (turn.done === true) return;
    yield turn.value;
  }
}

/** Not Promise.race against one promise for all items: that promise would keep every item in memory. */
function nextUnlessStopped<Item>(
  source: AsyncGenerator<Item>,
  signal: AbortSignal,
): Promise<IteratorResult<Item, unknown>> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new WorkError(STOPPED_MESSAGE));
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    source
      .next()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", stop));
  });
}
