import { afterEach, expect, test } from "vitest";
import { NO_OBSERVER } from "../../src/journal/types.js";
import { NO_RPC_OBSERVER } from "../../src/rpc/observer.js";
import { NO_SERVICE_OBSERVER } from "../../src/service/observer.js";
import { sessionBytes, startTestServer, type TestServer } from "../support/server.js";

let server: TestServer;
afterEach(() => server.close());

test("RpcObserver hears of each call, record and tail", async () => {
  const calls: unknown[] = [];
  const records: unknown[] = [];
  const tails: number[] = [];
  const durations: number[] = [];
  server = await startTestServer({
    observer: {
      ...NO_OBSERVER,
      ...NO_RPC_OBSERVER,
      ...NO_SERVICE_OBSERVER,
      callEnded(method, code, duration_ms) {
        calls.push([method.name, code]);
        durations.push(duration_ms);
      },
      recordAccepted: () => void records.push("accepted"),
      recordRefused: (reasons) => void records.push(reasons),
      tailsChanged: (open) => void tails.push(open),
    },
  });
  await server.client.append(sessionBytes());
  await server.client.append(sessionBytes({ kind: "song", daemon: "" }));
  await server.client.appendBatch([sessionBytes({ session_id: "s-2" }), Uint8Array.of(0xff)]);
  expect(records).toEqual(["accepted", ["REQUIRED", "NOT_ALLOWED"], "accepted", ["INVALID_ENCODING"]]);

  const tail = server.client.tail({ last: 1 }, { signal: new AbortController().signal });
  while ((await tail.next()).done !== true);
  await expect.poll(() => tails).toEqual([1, 0]);
  await expect
    .poll(() => calls)
    .toEqual([
      ["AppendSession", 0],
      ["AppendSession", 3],
      ["BatchAppendSessions", 0],
      ["TailSessions", 0],
    ]);
  for (const duration_ms of durations) expect(duration_ms).toBeGreaterThanOrEqual(0);
});
