import { EventEmitter } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { stopOnSignal, untilStopped } from "../../src/cli/signals.js";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

describe("stopOnSignal", () => {
  test.each(["SIGINT", "SIGTERM"])("stopOnSignal listens to the first %s only", (name) => {
    const signals = new EventEmitter();
    const { signal } = stopOnSignal(signals);
    expect(signal.aborted).toBe(false);
    signals.emit(name);
    expect(signal.aborted).toBe(true);
    expect(signals.eventNames()).toEqual([]);
  });

  test("stopOnSignal aborts after the timeout and says so", async () => {
    const signals = new EventEmitter();
    const { signal } = stopOnSignal(signals, 1);
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    expect(signal.reason).toEqual(new Error("stopped after 0.001 s (--timeout)"));
    expect(signals.eventNames()).toEqual([]);
  });

  test("stopOnSignal leaves signals alone at its end", () => {
    const signals = new EventEmitter();
    const { signal, end } = stopOnSignal(signals);
    end();
    signals.emit("SIGINT");
    expect(signal.aborted).toBe(false);
  });
});

describe("untilStopped", () => {
  test("untilStopped yields all when nobody stops it", async () => {
    const source = (async function* () {
      yield 1;
      yield 2;
    })();
    const items: number[] = [];
    for await (const item of untilStopped(source, new AbortController().signal)) items.push(item);
    expect(items).toEqual([1, 2]);
  });

  test("untilStopped keeps no item that it has yielded", async () => {
    const source = (async function* () {
      for (let count = 0; count < 300; count++) yield { count };
    })();
    const yielded: WeakRef<object>[] = [];
    let kept = 0;
    for await (const item of untilStopped(source, new AbortController().signal)) {
      yielded.push(new WeakRef(item));
      if (item.count < 299) continue;
      await nextTurn();
      collectGarbage();
      kept = yielded.filter((reference) => reference.deref() !== undefined).length;
    }
    expect(yielded).toHaveLength(300);
    // This one, and what the engine's own frames hold of the one before.
    expect(kept).toBeLessThan(5);
  });

  test("untilStopped does not wait for a source that yields nothing", async () => {
    const stop = new AbortController();
    const source = (async function* () {
      yield 1;
      await new Promise(() => {});
    })();
    const items = untilStopped(source, stop.signal);
    await items.next();
    const next = items.next();
    stop.abort();
    await expect(next).rejects.toThrow("stopped by a signal");
  });

  test("untilStopped asks a source no more once it is stopped", async () => {
    const source = (async function* () {
      yield 1;
    })();
    await expect(untilStopped(source, AbortSignal.abort()).next()).rejects.toThrow("stopped by a signal");
    expect(await source.next()).toEqual({ done: false, value: 1 });
  });
});
