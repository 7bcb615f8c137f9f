import { expect, test } from "vitest";
import { markIdle } from "../../../src/cli/ingest/idle.js";
import type { Line } from "../../../src/cli/ingest/lines.js";

const line = (number: number): Line => ({ number, bytes: Buffer.from("{}"), ending: "\n" });

/** A source that is handed its groups one by one. */
function createSource() {
  const waiting: ((group: readonly Line[] | undefined) => void)[] = [];
  async function* lines(): AsyncGenerator<readonly Line[]> {
    for (;;) {
      const group = await new Promise<readonly Line[] | undefined>((resolve) => waiting.push(resolve));
      if (group === undefined) return;
      yield group;
    }
  }
  const give = async (group: readonly Line[] | undefined) => {
    while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
    waiting.shift()?.(group);
  };
  return { lines: lines(), give };
}

test("markIdle passes groups on, and an empty one once when nothing comes", async () => {
  const { lines, give } = createSource();
  const marked = markIdle(lines, 20);
  const first = marked.next();
  await give([line(1)]);
  expect((await first).value).toEqual([line(1)]);
  expect((await marked.next()).value).toEqual([]);
  const second = marked.next();
  await give([line(2)]);
  expect((await second).value).toEqual([line(2)]);
  const last = marked.next();
  await give(undefined);
  expect((await last).done).toBe(true);
});

test("markIdle ends when it is stopped, also while it waits", async () => {
  const { lines } = createSource();
  const stop = new AbortController();
  const next = markIdle(lines, 1e6, stop.signal).next();
  stop.abort();
  expect((await next).done).toBe(true);
  expect((await markIdle(createSource().lines, 1e6, stop.signal).next()).done).toBe(true);
});

test("markIdle rejects when its source does", async () => {
  async function* broken(): AsyncGenerator<readonly Line[]> {
    yield [line(1)];
    throw new Error("broken");
  }
  const marked = markIdle(broken(), 20);
  await marked.next();
  await expect(marked.next()).rejects.toThrow("broken");
});
