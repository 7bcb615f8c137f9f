import type { Line } from "./lines.js";

/**
 * Passes lines on, with an empty group when none has come for `idle_ms`: what was read until then is to be sent. Ends
 * when `stop` is aborted.
 */
export async function* markIdle(
  source: AsyncGenerator<readonly Line[]>,
  idle_ms: number,
  stop?: AbortSignal,
): AsyncGenerator<readonly Line[]> {
  for (;;) {
    const next = source.next();
    // Awaited later; without a handler now, Node reports an unhandled rejection.
    next.catch(() => undefined);
    if ((await firstOf(next, idle_ms, stop)) === "idle") yield [];
    await firstOf(next, undefined, stop);
    if (stop?.aborted === true) return;
    const turn = await next;
    if (turn.done === true) return;
    yield turn.value;
  }
}

/** Waits until `next` has settled, for at most `idle_ms`, or until `stop` is aborted. */
function firstOf(next: Promise<unknown>, idle_ms: number | undefined, stop?: AbortSignal): Promise<"idle" | "other"> {
  return new Promise((resolve) => {
    const timer = idle_ms === undefined ? undefined : setTimeout(() => end("idle"), idle_ms);
    const onStop = () => end("other");
    function end(what: "idle" | "other"): void {
      clearTimeout(timer);
      stop?.removeEventListener("abort", onStop);
      resolve(what);
    }
    stop?.addEventListener("abort", onStop);
    if (stop?.aborted === true) onStop();
    next.then(onStop, onStop);
  });
}
