import type { CallResult } from "@sessionlog/client/rpc/api_client";
import type { BatchAppendSessionsResponse } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { describe, expect, test } from "vitest";
import { readFailureCases } from "../../../clients/typescript/test/cases.js";
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
    async appendBatch(records: readonly Uint8Array[], options: { readonly deadline_ms?: number } = {}) {
      calls.push(records.length);
      deadlines.push(options.deadline_ms ?? 0);
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

  test.each(["UNAUTHENTICATED", "UNIMPLEMENTED", "INTERNAL", "PERMISSION_DENIED"])(
    "createSender does not try a single record again at %s",
    async (name) => {
      const { send, calls } = senderTo(() => failure(2, name));
      expect(await send([record])).toEqual({ ok: false, message: `${name}: why` });
      expect(calls).toEqual([1]);
    },
  );

  test.each(["DEADLINE_EXCEEDED", "ABORTED", "CANCELLED"])("createSender tries again at %s", async (name) => {
    const { send, calls } = senderTo((count, call) => (call < 3 ? failure(4, name) : appended(count)));
    expect(await send([record])).toMatchObject({ ok: true });
    expect(calls).toEqual([1, 1, 1]);
  });

  test.each(readFailureCases())(
    "case: $status with RetryInfo $retry_info, many rows: $many_rows",
    async ({ status, retry_info, many_rows }) => {
      const failed = failure(2, status, retry_info ? { retry_after_ms: 1 } : {});
      const { send, calls } = senderTo((count, call) => (call === 1 ? failed : appended(count)));
      const outcome = await send([record, record]);
      const ends = ["give_up", "spill", "wait_for_credentials"].includes(many_rows);
      expect(outcome).toMatchObject(ends ? { ok: false, message: `${status}: why` } : { ok: true });
      expect(calls).toEqual(many_rows === "split" ? [2, 1, 1] : many_rows === "retry" ? [2, 2] : [2]);
    },
  );

  test.each([
    ["a message", failure(8, "RESOURCE_EXHAUSTED")],
    ["one write", failure(3, "INVALID_ARGUMENT", { field: "records" })],
  ])("createSender halves what is too much for %s, in order", async (_what, tooLarge) => {
    const { send, calls } = senderTo((count) => (count > 2 ? tooLarge : appended(count)));
    expect(await send(Array(5).fill(record))).toMatchObject({ ok: true, results: Array(5).fill({ kind: "appended" }) });
    expect(calls).toEqual([5, 2, 3, 1, 2]);
  });

  test("createSender refuses a record that is too large alone", async () => {
    const { send } = senderTo(() => failure(8, "RESOURCE_EXHAUSTED"));
    const violations = [{ field: "record", reason: "TOO_LONG", description: "why" }];
    expect(await send([record])).toEqual({ ok: true, results: [{ kind: "refused", violations, omitted: 0 }] });
  });

  test("createSender refuses a record that is refused alone, and stores the others", async () => {
    const poison = Buffer.from("poison");
    const time = createFakeTime();
    const client = {
      appendBatch: async (records: readonly Uint8Array[]) =>
        records.includes(poison) ? failure(3, "INVALID_ARGUMENT", { field: "record.kind" }) : appended(records.length),
    };
    const send = createSender({ client, deadline_ms: 30_000, timeout_ms: 60_000, ...time });
    const violations = [{ field: "record.kind", reason: "TOO_LONG", description: "too long" }];
    expect(await send([record, record, poison, record])).toEqual({
      ok: true,
      results: [
        { kind: "appended" },
        { kind: "appended" },
        { kind: "refused", violations, omitted: 0 },
        { kind: "appended" },
      ],
    });
  });

  test("createSender does not believe a reply with another number of results", async () => {
    const { send } = senderTo(() => appended(2));
    expect(await send([record])).toEqual({ ok: false, message: "the service answered with 2 results for 1 rows" });
  });
});
