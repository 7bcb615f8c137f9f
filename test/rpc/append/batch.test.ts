import { Metadata, status } from "@grpc/grpc-js";
import { encodeBatchRequest } from "@sessionlog/client/rpc/requests";
import { BATCH_RECORDS_MAX } from "@sessionlog/protocol/gen/limits";
import { BatchAppendSessionsResponse, Rejection } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { beforeEach, describe, expect, test } from "vitest";
import { createRecordToRow } from "../../../src/record/index.js";
import { createBatchHandler } from "../../../src/rpc/append/batch.js";
import { readBatchRequest } from "../../../src/rpc/append/requests.js";
import { createRecordCheck, NO_RPC_OBSERVER } from "../../../src/rpc/observer.js";
import { createFakeJournal, type FakeJournal } from "../../support/journal.js";
import { sessionBytes } from "../../support/server.js";

const log = { warn: () => {} };
const recordToRow = createRecordToRow({ kinds: ["fill", "email", "playbook"] });
const checkRecord = createRecordCheck(recordToRow, NO_RPC_OBSERVER);
const good = sessionBytes();
const bad = sessionBytes({ kind: "song" });
/** Each attempt has an unknown verdict: a hundred violations, more than a result may list. */
const very_bad = sessionBytes({
  attempts: Array.from({ length: 100 }, (_, iteration) => ({ iteration, verdict_kind: "maybe" })),
});

describe("createBatchHandler", () => {
  let journal: FakeJournal;
  beforeEach(() => {
    journal = createFakeJournal();
    journal.enter("open");
  });

  function batch(request: Uint8Array, call = { getPeer: () => "", cancelled: false }) {
    let ids = 0;
    const now = () => ({ seconds: 1_700_000_000, nanos: 0 });
    const newSessionId = () => `new-${++ids}`;
    const handler = createBatchHandler({
      checkRecord,
      journal,
      daemonFor: () => "",
      now,
      newSessionId,
      log,
      observer: NO_RPC_OBSERVER,
    });
    return handler(readBatchRequest(request, BATCH_RECORDS_MAX), {
      metadata: new Metadata(),
      caller: undefined,
      call,
    });
  }

  async function results(records: readonly Uint8Array[]) {
    const reply = await batch(encodeBatchRequest(records));
    if (!reply.ok) throw new Error(reply.status.details);
    return reply.value.results.map(({ outcome }) => outcome);
  }

  test("stores the good records, in one append, and refuses the others in their places", async () => {
    const broken = Uint8Array.of(0xff);
    expect(await results([good, bad, broken, good])).toMatchObject([
      { $case: "appended", value: { sequence: 1 } },
      { $case: "rejected", value: { violation_count: 1, violations: [{ field: "record.kind" }] } },
      { $case: "rejected", value: { violations: [{ field: "record", reason: "INVALID_ENCODING" }] } },
      { $case: "appended", value: { sequence: 2 } },
    ]);
    expect(journal.appends).toEqual([[expect.any(String), expect.any(String)]]);
  });

  test("gives each record without a session_id one of its own", async () => {
    const anonymous = sessionBytes({ session_id: "" });
    expect(await results([anonymous, anonymous])).toMatchObject([
      { value: { session_id: "new-1" } },
      { value: { session_id: "new-2" } },
    ]);
  });

  test("stores nothing, and checks no further, once nobody waits for the answer", async () => {
    const request = encodeBatchRequest(Array.from({ length: 1_000 }, () => good));
    const looks = [false, true];
    const call = {
      getPeer: () => "",
      get cancelled() {
        return looks.shift() ?? true;
      },
    };
    const reply = await batch(request, call);
    expect(reply).toMatchObject({ ok: false, status: { code: status.CANCELLED } });
    expect(looks).toEqual([]);
    expect(journal.appends).toHaveLength(0);
  });

  test("does not ask the journal when every record is refused", async () => {
    expect(await results([bad, bad])).toHaveLength(2);
    expect(journal.appends).toHaveLength(0);
  });

  test.each([
    ["an empty batch", [], "records REQUIRED"],
    ["broken framing", [0x0a, 9], "records INVALID_ENCODING"],
    ["10,001 records", [...encodeBatchRequest(Array.from({ length: 10_001 }, () => good))], "records TOO_LONG"],
  ])("refuses %s", async (_name, request, message) => {
    expect(await batch(Uint8Array.from(request))).toMatchObject({
      ok: false,
      status: { code: status.INVALID_ARGUMENT, details: expect.stringContaining(message) },
    });
    expect(journal.appends).toHaveLength(0);
  });

  test("fails as a whole when storing fails", async () => {
    journal.refuseWith({ kind: "queue_full", message: "queue is full", retry_after_ms: 100 });
    expect(await batch(encodeBatchRequest([good, bad]))).toMatchObject({
      ok: false,
      status: { code: status.RESOURCE_EXHAUSTED, details: "queue is full" },
    });
  });

  test("lists at most 4 KiB of violations in a result and counts them all", async () => {
    const [outcome] = await results([very_bad]);
    if (outcome?.$case !== "rejected") throw new Error("not rejected");
    const { violations, violation_count } = outcome.value;
    expect(violation_count).toBe(100);
    expect(violations.length).toBeGreaterThan(20);
    expect(violations.length).toBeLessThan(100);
    expect(Rejection.encode({ violations, violation_count: 0 }).finish().length).toBeLessThanOrEqual(4_096);
  });

  test("lists at most 1 MiB of violations in a response, then only counts", async () => {
    const outcomes = await results(Array.from({ length: 600 }, () => very_bad));
    let bytes = 0;
    for (const outcome of outcomes) {
      if (outcome?.$case !== "rejected") throw new Error("not rejected");
      expect(outcome.value.violation_count).toBe(100);
      bytes += Rejection.encode({ ...outcome.value, violation_count: 0 }).finish().length;
    }
    expect(bytes).toBeLessThanOrEqual(1024 * 1024);
    expect(bytes).toBeGreaterThan(1024 * 1024 - 200);
    expect(outcomes.at(-1)).toMatchObject({ value: { violations: [] } });
  });

  test("answers 10,000 records with long ids within the 4 MiB that clients accept", async () => {
    const record = sessionBytes({ session_id: "s".repeat(128), timestamp: "9999-12-31T23:59:59.999999999Z" });
    const reply = await batch(encodeBatchRequest(Array.from({ length: 10_000 }, () => record)));
    if (!reply.ok) throw new Error(reply.status.details);
    expect(BatchAppendSessionsResponse.encode(reply.value).finish().length + 1024 * 1024).toBeLessThan(4 * 1024 * 1024);
  });

  test("lets others have their turn while it checks a large batch", async () => {
    let turns = 0;
    let done = false;
    const others = () => {
      turns += 1;
      if (!done) setImmediate(others);
    };
    setImmediate(others);
    await results(Array.from({ length: 2_560 }, () => good));
    done = true;
    expect(turns).toBeGreaterThanOrEqual(9);
  });
});
