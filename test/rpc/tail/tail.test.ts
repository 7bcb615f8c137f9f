import { once } from "node:events";
import { readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client, credentials } from "@grpc/grpc-js";
import type { CallFailure, TailMessage } from "@sessionlog/client/rpc/api_client";
import {
  SessionLogService,
  SessionRecord,
  type TailSessionsRequest,
} from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { describe, expect, onTestFinished, test } from "vitest";
import { COMPRESSIONS } from "../../support/compression.js";
import { createRandom } from "../../support/random.js";
import { sessionBytes, startTestServer, type TestServer, type TestServerOptions } from "../../support/server.js";

async function start(options: TestServerOptions = {}): Promise<TestServer> {
  const server = await startTestServer(options);
  onTestFinished(async () => void (await server.close()));
  return server;
}

/** Appends a session for each of the given fields, in one call. */
async function append(server: TestServer, ...sessions: readonly object[]): Promise<void> {
  const records = sessions.map((fields, index) =>
    sessionBytes({ session_id: `s-${Math.random()}-${index}`, ...fields }),
  );
  expect(await server.client.appendBatch(records)).toMatchObject({ ok: true });
}

const ids = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => ({ session_id: `s${from + i}` }));

/** Sequence and session_id of a row; the sequence alone of a gap. */
function shown({ sequence, record }: TailMessage): unknown {
  return record === undefined ? sequence : [sequence, SessionRecord.decode(record).session_id];
}

/** Reads until the call ends, or so many messages have come. */
async function read(
  server: TestServer,
  request: Partial<TailSessionsRequest>,
  enough = Number.POSITIVE_INFINITY,
  received: (message: unknown) => Promise<void> = async () => {},
): Promise<{ readonly messages: readonly unknown[]; readonly failure: CallFailure | undefined }> {
  const messages: unknown[] = [];
  const stop = new AbortController();
  const call = server.client.tail(request, { signal: stop.signal });
  for (;;) {
    const turn = await call.next();
    if (turn.done === true) return { messages, failure: turn.value };
    messages.push(shown(turn.value));
    await received(messages.at(-1));
    if (messages.length === enough) stop.abort();
  }
}

const accepted = { final_verdict: "accepted", attempts: [{ iteration: 0, verdict_kind: "accepted" }], iterations: 1 };

describe("what is sent", () => {
  test("TailSessions sends the last rows, or all from a sequence on, and ends", async () => {
    const server = await start();
    await append(server, ...ids(1, 5));
    const tail = async (request: object) => (await read(server, request)).messages;
    expect(await tail({ last: 2 })).toEqual([
      [4, "s4"],
      [5, "s5"],
    ]);
    expect(await tail({ last: 1_000_000 })).toHaveLength(5);
    expect(await tail({ from_sequence: 4 })).toEqual([
      [4, "s4"],
      [5, "s5"],
    ]);
    expect(await tail({ from_sequence: 6 })).toEqual([]);
  });

  test("TailSessions sends the record as it was stored", async () => {
    const server = await start();
    const bytes = sessionBytes({ ...accepted, artifact: { b: [1, null, "é"], a: {} }, grounded_in_roster: false });
    await server.client.append(bytes);
    const call = server.client.tail({ last: 1 }, { signal: new AbortController().signal });
    const { value } = await call.next();
    expect(value && "record" in value && SessionRecord.decode(value.record ?? bytes)).toEqual({
      ...SessionRecord.decode(bytes),
      schema: "session.iterate.v1",
    });
  });

  test.each([
    [{ kinds: ["email", "playbook"] }, ["s2", "s4"]],
    [{ daemons: ["other"] }, ["s3"]],
    [{ models: ["qwen3:8b"] }, ["s3", "s4"]],
    [{ verdicts: ["accepted"] }, ["s4", "s5", "s6"]],
    [{ ungrounded_only: true }, ["s5"]],
    [{ kinds: ["fill"], verdicts: ["accepted"] }, ["s5", "s6"]],
    [{ kinds: ["fill"], daemons: ["nobody"] }, []],
  ])("TailSessions sends only what passes %j", async (filter, expected) => {
    const server = await start();
    await append(
      server,
      { session_id: "s1" },
      { session_id: "s2", kind: "email" },
      { session_id: "s3", daemon: "other", model: "qwen3:8b" },
      { session_id: "s4", kind: "playbook", model: "qwen3:8b", ...accepted },
      { session_id: "s5", ...accepted, grounded_in_roster: false },
      { session_id: "s6", ...accepted },
    );
    const sent = async (request: object) => (await read(server, { ...filter, ...request })).messages;
    const expectedRows = expected.map((id) => [Number(id.slice(1)), id]);
    expect(await sent({ from_sequence: 1 })).toEqual(expectedRows);
    expect(await sent({ last: 1 })).toEqual(expectedRows.slice(-1));
    expect(await sent({ last: 100 })).toEqual(expectedRows);
  });

  test("TailSessions tells of a row that is no record of this schema, unless there is a filter", async () => {
    const server = await start();
    await append(server, ...ids(1, 1));
    writeFileSync(server.path, '{"schema":"session.iterate.v0","kind":"fill","score":1}\n{"of":"another"}\n', {
      flag: "a",
    });
    await append(server, ...ids(4, 4));
    expect((await read(server, { from_sequence: 1 })).messages).toEqual([[1, "s1"], 2, 3, [4, "s4"]]);
    expect((await read(server, { from_sequence: 1, kinds: ["fill"] })).messages).toEqual([[1, "s1"], 2, [4, "s4"]]);
  });

  test("TailSessions tells of rows that are no longer there", async () => {
    const server = await start();
    await append(server, ...ids(1, 3));
    server.service.rotate();
    await append(server, ...ids(4, 5));
    const sealed = readdirSync(server.directory).find((name) => /-0*1-0*3\.jsonl$/.test(name)) ?? "";
    rmSync(join(server.directory, sealed));
    expect((await read(server, { from_sequence: 1 })).messages).toEqual([3, [4, "s4"], [5, "s5"]]);
    expect((await read(server, { last: 4 })).messages).toEqual([
      [4, "s4"],
      [5, "s5"],
    ]);
  });

  test("TailSessions tells once of rows that a file has lost, and ends", async () => {
    const server = await start();
    await append(server, ...ids(1, 3));
    truncateSync(server.path, 0);
    expect((await read(server, { from_sequence: 1 })).messages).toEqual([3]);
    // Not before it has told: the service has not yet noticed that the file begins anew.
    const { messages } = await read(server, { from_sequence: 1, follow: true }, 2, async (message) => {
      if (message === 3) await append(server, ...ids(4, 4));
    });
    expect(messages).toEqual([3, [4, "s4"]]);
  });

  test("TailSessions tells of a row that is too large for a message", async () => {
    const server = await start({ server: { max_message_bytes: 8 * 1024 * 1024 } });
    const artifact = { text: "x".repeat(1_000_000) };
    const attempts = Array.from({ length: 900 }, (_, i) => ({
      iteration: i,
      verdict_kind: i === 899 ? "accepted" : "validation_failed",
      error: "é".repeat(4_000),
    }));
    const large = sessionBytes({ final_verdict: "accepted", attempts, artifact });
    expect(await server.client.append(large)).toMatchObject({ ok: true });
    await append(server, { session_id: "s2" });
    expect((await read(server, { from_sequence: 1 })).messages).toEqual([1, [2, "s2"]]);
  });
});

describe("follow", () => {
  test("TailSessions goes on with each new row, and only with those when nothing else is asked", async () => {
    const server = await start();
    await append(server, ...ids(1, 2));
    const [all, fresh] = [read(server, { follow: true, last: 1 }, 3), read(server, { follow: true }, 2)];
    await following(server, 2);
    await append(server, ...ids(3, 3));
    await append(server, ...ids(4, 4));
    expect((await all).messages).toEqual([
      [2, "s2"],
      [3, "s3"],
      [4, "s4"],
    ]);
    expect((await fresh).messages).toEqual([
      [3, "s3"],
      [4, "s4"],
    ]);
  });

  test("TailSessions refuses to begin behind the next row: the log is another one", async () => {
    const server = await start();
    await append(server, ...ids(1, 2));
    expect((await read(server, { follow: true, from_sequence: 4 })).failure).toMatchObject({
      code_name: "OUT_OF_RANGE",
      message: "from_sequence 4: the session log ends with row 2",
    });
    const reading = read(server, { follow: true, from_sequence: 3 }, 1);
    await following(server, 1);
    await append(server, ...ids(3, 4));
    expect((await reading).messages).toEqual([[3, "s3"]]);
  });

  test("TailSessions tells what it begins with before there is a row", async () => {
    const server = await start();
    await append(server, ...ids(1, 3));
    const begins = async (request: object) => {
      const stop = new AbortController();
      const begun = new Promise<number>((resolve) => {
        void server.client.tail(request, { signal: stop.signal, onBegin: resolve }).next();
      });
      return begun.finally(() => stop.abort());
    };
    expect(await begins({ follow: true })).toBe(4);
    expect(await begins({ follow: true, kinds: ["email"], from_sequence: 2 })).toBe(2);
    expect(await begins({ last: 2 })).toBe(2);
  });

  test.each(COMPRESSIONS)(
    "TailSessions sends every row once, in order, to readers that come at any time, over rotation and %s",
    async (compress) => {
      const server = await start({
        server: { max_tails_per_connection: 64 },
        rotation: { max_bytes: 3_000, compress },
      });
      const random = createRandom(7);
      const total = 400;
      const readers: Promise<void>[] = [];
      const join = (from: number) =>
        readers.push(
          read(server, { follow: true, from_sequence: from }, total - from + 1).then(({ messages }) => {
            expect(messages).toEqual(Array.from({ length: total - from + 1 }, (_, i) => [from + i, `s${from + i}`]));
          }),
        );
      for (let next = 1; next <= total; ) {
        const count = Math.min(1 + random.below(20), total - next + 1);
        await append(server, ...ids(next, next + count - 1));
        next += count;
        if (random.chance(0.3)) join(1 + random.below(next));
      }
      await Promise.all(readers);
      expect(readers.length).toBeGreaterThan(5);
    },
  );

  test("a reader that reads nothing is not waited for, and gets every row once it reads", async () => {
    const server = await start();
    const client = new Client(server.address, credentials.createInsecure());
    onTestFinished(() => client.close());
    const call = client.makeServerStreamRequest(
      SessionLogService.tailSessions.path,
      (value: Buffer) => value,
      (value) => value,
      Buffer.from([0x10, 1]),
    );
    await following(server, 1);
    const prompt = "x".repeat(4_000);
    for (let first = 1; first < 6_000; first += 1_000) {
      await append(server, ...ids(first, first + 999).map((session) => ({ ...session, prompt })));
    }
    let received = 0;
    call.on("data", () => {
      received += 1;
    });
    await expect.poll(() => received).toBe(6_000);
    call.cancel();
    await once(call, "error");
  });
});

describe("the end of a tail", () => {
  test("a drain ends it with UNAVAILABLE, and does not wait for it", async () => {
    const server = await start();
    const reading = read(server, { follow: true });
    await following(server, 1);
    server.service.stop();
    expect((await reading).failure).toMatchObject({ code_name: "UNAVAILABLE" });
    expect(await server.service.ended).toBe(0);
    expect(server.logs.filter(({ level }) => Number(level) >= 40)).toEqual([]);
  });

  test("TailSessions refuses the 65th tail, until another one has ended", async () => {
    const server = await start({ server: { max_tails_per_connection: 64 } });
    const stops = Array.from({ length: 64 }, () => new AbortController());
    const calls = stops.map(({ signal }) => server.client.tail({ follow: true }, { signal }).next());
    await following(server, 64);
    expect((await read(server, { last: 1 })).failure).toMatchObject({
      code_name: "RESOURCE_EXHAUSTED",
      message: "64 tails are open, the maximum",
    });
    for (const stop of stops) stop.abort();
    await Promise.all(calls);
    await append(server, ...ids(1, 1));
    await expect.poll(async () => (await read(server, { last: 1 })).messages).toEqual([[1, "s1"]]);
  });
});

describe("bad requests", () => {
  test.each([
    [{}, "last REQUIRED: one of last, from_sequence and follow is required"],
    [{ last: 1, from_sequence: 1 }, "last INCONSISTENT: expected last or from_sequence, not both"],
    [{ last: 1_000_001 }, "last OUT_OF_RANGE: expected at most 1000000; from_sequence sends more"],
    [
      { last: 1, verdicts: ["accepted", "refused"] },
      "verdicts[1] NOT_ALLOWED: expected one of accepted, max_iter_exhausted, infra_error",
    ],
    [{ last: 1, kinds: Array.from({ length: 101 }, () => "fill") }, "kinds TOO_LONG: expected at most 100"],
  ])("TailSessions refuses %j", async (request, message) => {
    const server = await start();
    expect((await read(server, request)).failure).toMatchObject({ code_name: "INVALID_ARGUMENT", message });
  });

  test.each([
    ["bytes that are no request", Buffer.from([0x08])],
    ["a sequence over 2^53", Buffer.from([0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1])],
  ])("TailSessions refuses %s", async (_, bytes) => {
    const server = await start();
    const client = new Client(server.address, credentials.createInsecure());
    onTestFinished(() => client.close());
    const same = (value: Buffer) => value;
    const call = client.makeServerStreamRequest(SessionLogService.tailSessions.path, same, same, bytes);
    const [error] = await once(call, "error");
    expect(error).toMatchObject({ code: 3, details: expect.stringContaining("request INVALID_ENCODING") });
  });
});

/** Waits until the service knows of that many tails. */
async function following(server: TestServer, count: number): Promise<void> {
  await expect.poll(() => server.logs.filter(({ msg }) => msg === "tail opened").length).toBe(count);
}
