import type { CallResult } from "@sessionlog/client/rpc/api_client";
import type { BatchAppendSessionsResponse } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { describe, expect, test } from "vitest";
import { createSender } from "../../../src/cli/ingest/to_service.js";
import { createFakeTime } from "../support.js";

type Reply = CallResult<BatchAppendSessionsResponse>;

const record = Buffer.from("x");

function failure(code: number, code_name: string, details: { retry_after_ms?: number; field?: string } = {}): Reply {
  const { retry_after_ms, field } = details;
  const violations = field === undefined ? [] : [{ field, reason: "TOO_LONG", description: "too long" }];
  return { ok: false, code, code_name, message: "why", violations, retry_after_ms };
}

const unavailable = failure(14, "UNAVAILABLE");

function appended(count: number, duplicate = false): Reply {
  const value = { session_id: "s", timestamp: undefined, sequence: 1, duplicate };
  return {
    ok: true,
    value: { results: Array.from({ length: count }, () => ({ outcome: { $case: "appended", value } })) },
  };
}

/** A sender to a service that answers as told, and what it was asked: sizes of batches, deadlines. */
function senderTo(answer: (count: number, call: number) => Reply, timeout_ms = 60_000) {
  const time = createFakeTime();
  const calls: number[] = [];
  const deadlines: number[] = [];
  const client = {
    async appendBatch(records: readonly Uint8Array[], deadline_ms = 0) {
      calls.push(records.length);
      deadlines.push(deadline_ms);
      return answer(records.length, calls.length);
    },
  };
  const send = createSender({ client, deadline_ms: 30_000, timeout_ms, ...time });
  return { send, calls, deadlines, pauses: time.pauses };
}

describe("createSender", () => {
  test("createSender tells what became of each record", async () => {
    const violation = { field: "record.kind", reason: "NOT_ALLOWED", description: "no" };
    const rejected: Reply = {
      ok: true,
      value: { results: [{ outcome: { $case: "rejected", value: { violations: [violation], violation_count: 3 } } }] },
    };
    expect(await senderTo(() => rejected).send([record])).toEqual({
      ok: true,
      results: [{ kind: "refused", violations: [violation], omitted: 2 }],
    });
    expect(await senderTo(() => appended(1, true)).send([record])).toEqual({
      ok: true,
      results: [{ kind: "duplicate" }],
    });
  });

  test("createSender tries again with growing pauses while the service is away", async () => {
    const { send, pauses } = senderTo((count, call) => (call < 9 ? unavailable : appended(count)));
    expect(await send([record])).toEqual({ ok: true, results: [{ kind: "appended" }] });
    expect(pauses).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  });

  test("createSender waits as long as RetryInfo says", async () => {
    const full = failure(8, "RESOURCE_EXHAUSTED", { retry_after_ms: 1500 });
    const { send, pauses } = senderTo((count, call) => (call < 3 ? full : appended(count)));
    expect(await send([record])).toMatchObject({ ok: true });
    expect(pauses).toEqual([1500, 1500]);
  });

  test("createSender gives up once the timeout has passed, and keeps calls within it", async () => {
    const { send, pauses, deadlines } = senderTo(() => unavailable, 2000);
    expect(await send([record])).toEqual({ ok: false, message: "no progress for 2 s: UNAVAILABLE: why" });
    expect(pauses).toEqual([100, 200, 400, 800]);
    expect(deadlines).toEqual([2000, 1900, 1700, 1300, 500]);
  });

  test.each([
    ["UNAUTHENTICATED", failure(16, "UNAUTHENTICATED")],
    ["DEADLINE_EXCEEDED", failure(4, "DEADLINE_EXCEEDED")],
    ["INVALID_ARGUMENT", failure(3, "INVALID_ARGUMENT", { field: "record.kind" })],
  ])("createSender does not try again at %s", async (name, reply) => {
    const { send, calls } = senderTo(() => reply);
    expect(await send([record])).toEqual({ ok: false, message: `${name}: why` });
    expect(calls).toEqual([1]);
  });

  test.each([
    ["a message", failure(8, "RESOURCE_EXHAUSTED")],
    ["one write", failure(3, "INVALID_ARGUMENT", { field: "records" })],
  ])("createSender halves what is too much for %s, in order", async (_what, tooLarge) => {
    const { send, calls } = senderTo((count) => (count > 2 ? tooLarge : appended(count)));
    expect(await send(Array(5).fill(record))).toMatchObject({ ok: true, results: Array(5).fill({ kind: "appended" }) });
    expect(calls).toEqual([5, 3, 2, 1, 2]);
  });

  test("createSender refuses a record that is too large alone", async () => {
    const { send } = senderTo(() => failure(8, "RESOURCE_EXHAUSTED"));
    const violations = [{ field: "record", reason: "TOO_LONG", description: "why" }];
    expect(await send([record])).toEqual({ ok: true, results: [{ kind: "refused", violations, omitted: 0 }] });
  });

  test("createSender does not believe a reply with another number of results", async () => {
    const { send } = senderTo(() => appended(2));
    expect(await send([record])).toEqual({ ok: false, message: "the service answered with 2 results for 1 rows" });
  });
});
