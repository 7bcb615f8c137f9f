import { expect, test } from "vitest";
import { sessionBytes, startTestServer } from "../support/server.js";
import { seriesOf } from "./support.js";

test("addRowMetrics and addCallMetrics make no series of what clients make up, and stays small", async () => {
  const other = await startTestServer({ metrics: { listen: "127.0.0.1:0" } });
  const address = other.logs.find(({ msg }) => msg === "metrics are served")?.address;
  const scrape = async () => (await fetch(`http://${address}/metrics`)).text();
  const append = (number: number) =>
    other.client.appendBatch(
      Array.from({ length: 1_000 }, (_, index) => {
        const name = `made-up-${number}-${index}`;
        return sessionBytes({ session_id: name, daemon: name, kind: index % 2 ? "fill" : name, model: name });
      }),
    );
  const path = (index: number) => other.client.unary(`/made.up${index}/Name${index}`, Buffer.alloc(0));
  await Promise.all([append(0), path(0)]);
  const first = await seriesOf(await scrape());
  for (let number = 1; number < 10; number += 1) await append(number);
  await Promise.all(Array.from({ length: 200 }, (_, index) => path(index + 1)));
  const text = await scrape();
  expect([...seriesOf(text).keys()]).toEqual([...first.keys()]);
  expect(text).not.toContain("made");
  expect(Buffer.byteLength(text)).toBeLessThan(64 * 1024);
  await other.close();
});
