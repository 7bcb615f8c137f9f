import { AppendSessionRequest, SessionRecord } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { expect, test } from "vitest";
import { readBatchRequest } from "../../../../src/rpc/append/requests.js";
import { sessionBytes } from "../../../../test/support/server.js";
import { encodeAppendRequest, encodeBatchRequest } from "../../src/rpc/requests.js";

test("encodeAppendRequest makes what the generated decoder reads", () => {
  const record = sessionBytes({ prompt: "p".repeat(300) });
  const request = AppendSessionRequest.decode(encodeAppendRequest(record, true));
  expect(request).toEqual({ record: SessionRecord.decode(record), validate_only: true });
});

test("encodeAppendRequest leaves out what is not given", () => {
  expect(encodeAppendRequest(undefined, false)).toHaveLength(0);
});

test.each([1, 127, 128, 16_383, 16_384])("encodeBatchRequest frames records of %i bytes", (length) => {
  const records = [Buffer.alloc(length, 1), Buffer.alloc(0), Buffer.alloc(length, 2)];
  const scanned = readBatchRequest(encodeBatchRequest(records), 10);
  if (!scanned.ok) throw new Error(scanned.description);
  expect(scanned.records.map((record) => Buffer.from(record))).toEqual(records);
});
