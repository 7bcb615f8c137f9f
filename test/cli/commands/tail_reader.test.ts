import type { ApiClient, CallFailure, TailMessage } from "@sessionlog/client/rpc/api_client";
import { expect, test } from "vitest";
import { readTail } from "../../../src/cli/commands/tail_reader.js";
import { createSink } from "../support.js";

const failure = (code_name: string): CallFailure => ({
  ok: false,
  code: 0,
  code_name,
  message: code_name.toLowerCase(),
  violations: [],
  retry_after_ms: undefined,
});

/** A call: where the service says that it begins, the rows that it sends, and how it ends. */
type Call = readonly [begin: number | undefined, rows: readonly number[], ending: CallFailure | undefined];

async function run(request: object, ...calls: readonly Call[]) {
  const requests: object[] = [];
  const printed: number[] = [];
  const stderr = createSink();
  let pauses = 0;
  const tail: ApiClient["tail"] = async function* (request, { onBegin }) {
    const [begin, rows, ending] = calls[requests.length] ?? [undefined, [], failure("INTERNAL")];
    requests.push(request);
    if (begin !== undefined) onBegin?.(begin);
    for (const sequence of rows) yield { sequence, record: undefined };
    return ending;
  };
  const client = { tail, renewable: false, renewed: async () => false };
  const context = {
    monotonic_ms: () => 0,
    stdout: createSink().stream,
    stderr: stderr.stream,
    sleep: async () => {
      pauses += 1;
    },
  };
  const onMessage = async ({ sequence }: TailMessage) => void printed.push(sequence);
  const { signal } = new AbortController();
  const ended = await readTail(request, { client, address: "there", onMessage, signal, context }).then(
    () => "ended",
    (error: Error) => error.message,
  );
  return { ended, requests, printed, stderr: stderr.text(), pauses };
}

test("readTail goes on behind the last row when it was read too slowly", async () => {
  const request = { last: 5, kinds: ["fill"] };
  expect(await run(request, [1, [1, 2, 3], failure("ABORTED")], [4, [4, 5], undefined])).toEqual({
    ended: "ended",
    requests: [request, { last: 0, from_sequence: 4, kinds: ["fill"] }],
    printed: [1, 2, 3, 4, 5],
    stderr: "",
    pauses: 0,
  });
});

test("readTail does not call again at once when nothing came before it was too slow", async () => {
  const { ended, pauses } = await run({ last: 5 }, [1, [], failure("ABORTED")], [1, [], failure("ABORTED")]);
  expect({ ended, pauses }).toEqual({ ended: "there: ABORTED: aborted", pauses: 0 });
});

test("readTail waits for a service that restarts, and says so once each time", async () => {
  const away: Call = [undefined, [], failure("UNAVAILABLE")];
  const request = { last: 0, follow: true };
  const calls: Call[] = [[8, [], failure("UNAVAILABLE")], away, away, [8, [8], failure("UNAVAILABLE")], away];
  const { requests, stderr, pauses, printed, ended } = await run(request, ...calls);
  expect(requests.slice(0, 2)).toEqual([request, { last: 0, follow: true, from_sequence: 8 }]);
  expect(requests.at(-1)).toEqual({ last: 0, follow: true, from_sequence: 9 });
  expect(stderr).toBe("sessionlog: there: unavailable; waiting for the service\n".repeat(2));
  expect({ pauses, printed, ended }).toEqual({ pauses: 5, printed: [8], ended: "there: INTERNAL: internal" });
});

test.each([
  ["does not follow", { last: 1 }, [1, [1], failure("UNAVAILABLE")] as Call],
  ["was never there", { follow: true }, [undefined, [], failure("UNAVAILABLE")] as Call],
])("readTail fails when the service goes away and it %s", async (_, request, call) => {
  expect((await run(request, call)).ended).toBe("there: UNAVAILABLE: unavailable");
});
