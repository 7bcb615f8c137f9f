import { expect, test } from "vitest";
import { Busy, createQueue } from "../../../src/view/data/queue.js";

const never = new AbortController().signal;

/** A work that ends when it is told to. */
function held() {
  let end = () => {};
  const work = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { work: () => work, end };
}

test("createQueue lends a place to one work at a time, in the order in which they came, and refuses more than wait", async () => {
  const queue = createQueue(["a"], 2);
  const first = held();
  const order: string[] = [];
  const running = queue.use(never, first.work);
  const second = queue.use(never, async (place) => void order.push(`second ${place}`));
  const third = queue.use(never, async () => void order.push("third"));
  await expect(queue.use(never, async () => {})).rejects.toThrow(Busy);
  first.end();
  await Promise.all([running, second, third]);
  expect(order).toEqual(["second a", "third"]);
  expect(await queue.use(never, async (place) => place)).toBe("a");
});

test("createQueue forgets a work that is stopped while it waits, and gives a place back after a failure", async () => {
  const queue = createQueue(["a"], 1);
  const first = held();
  const running = queue.use(never, first.work);
  const stop = new AbortController();
  const waiting = queue.use(stop.signal, async () => {});
  stop.abort(new Error("stopped"));
  await expect(waiting).rejects.toThrow("stopped");
  const failing = queue.use(never, () => Promise.reject(new Error("failed")));
  first.end();
  await running;
  await expect(failing).rejects.toThrow("failed");
  expect(await queue.use(never, async (place) => place)).toBe("a");
});
