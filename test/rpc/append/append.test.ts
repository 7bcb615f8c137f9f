import { Metadata, status } from "@grpc/grpc-js";
import { encodeAppendRequest } from "@sessionlog/client/rpc/requests";
import { beforeEach, describe, expect, test } from "vitest";
import { createRecordToRow } from "../../../src/record/index.js";
import { createAppendHandler } from "../../../src/rpc/append/append.js";
import { readAppendRequest } from "../../../src/rpc/append/requests.js";
import { createRecordCheck, NO_RPC_OBSERVER } from "../../../src/rpc/observer.js";
import { createFakeJournal, type FakeJournal } from "../../support/journal.js";
import { sessionBytes } from "../../support/server.js";

const log = { warn: () => {} };
const recordToRow = createRecordToRow({ kinds: ["fill", "email", "playbook"] });

describe("createAppendHandler", () => {
  let journal: FakeJournal;
  beforeEach(() => {
    journal = createFakeJournal();
    journal.enter("open");
  });

  function append(request: Uint8Array, pairs: Record<string, string> = {}, default_daemon = "") {
    const metadata = new Metadata();
    for (const [key, value] of Object.entries(pairs)) metadata.set(key, value);
    const now = () => ({ seconds: 1_700_000_000, nanos: 5 });
    const handler = createAppendHandler({
      checkRecord: createRecordCheck(recordToRow, NO_RPC_OBSERVER),
      journal,
      daemonFor: () => default_daemon,
      now,
      newSessionId: () => "new",
      log,
      observer: NO_RPC_OBSERVER,
    });
    return handler(readAppendRequest(request), {
      metadata,
      caller: undefined,
      call: { getPeer: () => "", cancelled: false },
    });
  }

  test("stores one row and tells its id, time and sequence", async () => {
    expect(await append(encodeAppendRequest(sessionBytes(), false))).toEqual({
      ok: true,
      value: { session_id: "s-1", timestamp: { seconds: 1_777_699_329, nanos: 0 }, sequence: 1, duplicate: false },
    });
    expect(journal.appends).toEqual([[expect.stringMatching(/^\{"schema":"session\.iterate\.v1".*\}\n$/)]]);
  });

  test("stamps what the record leaves out", async () => {
    const record = sessionBytes({ session_id: "", timestamp: null, daemon: "" });
    const reply = await append(encodeAppendRequest(record, false), {}, "default-daemon");
    expect(reply).toMatchObject({ value: { session_id: "new", timestamp: { seconds: 1_700_000_000, nanos: 5 } } });
    expect(journal.appends[0]?.[0]).toContain('"daemon":"default-daemon"');
  });

  test("takes an empty session_id from the call's trace", async () => {
    const record = sessionBytes({ session_id: "" });
    const reply = await append(encodeAppendRequest(record, false), { "x-lakehouse-trace-id": "trace-7" });
    expect(reply).toMatchObject({ value: { session_id: "trace-7" } });
  });

  test("keeps a session_id that the record has", async () => {
    const reply = await append(encodeAppendRequest(sessionBytes(), false), { "x-lakehouse-trace-id": "trace-7" });
    expect(reply).toMatchObject({ value: { session_id: "s-1" } });
  });

  test("only checks with validate_only, whatever the journal's state", async () => {
    journal.enter("opening");
    expect(await append(encodeAppendRequest(sessionBytes(), true))).toMatchObject({
      ok: true,
      value: { session_id: "s-1", sequence: 0, duplicate: false },
    });
    expect(await append(encodeAppendRequest(sessionBytes({ kind: "song" }), true))).toMatchObject({ ok: false });
    expect(journal.appends).toHaveLength(0);
  });

  test.each([
    ["no record", [], "record REQUIRED: a record is required"],
    ["broken framing", [0x0a, 9], "record INVALID_ENCODING: the request is not a protobuf message"],
    ["a broken record", [0x0a, 1, 0xff], "record INVALID_ENCODING"],
  ])("refuses %s", async (_name, request, message) => {
    const reply = await append(Uint8Array.from(request));
    expect(reply).toMatchObject({
      ok: false,
      status: { code: status.INVALID_ARGUMENT, details: expect.stringContaining(message) },
    });
  });

  test("hands on why the journal did not take the row", async () => {
    journal.refuseWith({ kind: "disk_full", message: "no space", retry_after_ms: 1_000 });
    expect(await append(encodeAppendRequest(sessionBytes(), false))).toMatchObject({
      ok: false,
      status: { code: status.RESOURCE_EXHAUSTED, details: "no space" },
    });
  });
});
