import { EventEmitter } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test, vi } from "vitest";
import { processSignals, stopOnSignal, untilStopped } from "../../src/cli/signals.js";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

describe("processSignals", () => {
  function startProcess() {
    const kill = vi.fn((): true => true);
    const process = Object.assign(new EventEmitter(), { pid: 4711, kill });
    return { process, kill, signals: processSignals(process) };
  }

  test.each(["SIGINT", "SIGTERM"])(
    "%s that is passed on by another process is the same one, also once the command has stopped",
    (name) => {
      const { process, kill, signals } = startProcess();
      const { signal, end } = stopOnSignal(signals);
      process.emit(name, name);
      expect(signal.aborted).toBe(true);
      end();
      process.emit(name, name);
      expect(kill).not.toHaveBeenCalled();
    },
  );

  test("a signal after a second ends the process, or is told to who listens", () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    try {
      const { process, kill, signals } = startProcess();
      stopOnSignal(signals);
      process.emit("SIGTERM", "SIGTERM");
      vi.advanceTimersByTime(1000);
      process.emit("SIGTERM", "SIGTERM");
      expect(kill.mock.calls).toEqual([[4711, "SIGTERM"]]);
      expect(process.listenerCount("SIGTERM")).toBe(0);

      const told = vi.fn();
      signals.on("SIGUSR2", told);
      process.emit("SIGUSR2", "SIGUSR2");
      process.emit("SIGUSR2", "SIGUSR2");
      expect(told).toHaveBeenCalledTimes(2);
    } finally {
      vi.useRealTimers();
    }
  });

  test("leaves the process alone while nobody listens", () => {
    const { process, signals } = startProcess();
    const { end } = stopOnSignal(signals);
    expect(process.eventNames()).toEqual(["SIGINT", "SIGTERM", "SIGHUP"]);
    end();
    expect(process.eventNames()).toEqual([]);
  });
});

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
