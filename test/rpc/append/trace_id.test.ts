import { Metadata } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { traceIdFrom } from "../../../src/rpc/append/trace_id.js";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";

test.each([
  ["the trace id of the lakehouse", { "x-lakehouse-trace-id": "lake:1" }, "lake:1"],
  ["that before traceparent", { "x-lakehouse-trace-id": "lake:1", traceparent: `00-${TRACE}-${PARENT}-01` }, "lake:1"],
  ["traceparent", { traceparent: `00-${TRACE}-${PARENT}-01` }, TRACE],
  [
    "traceparent past an invalid one",
    { "x-lakehouse-trace-id": "a b", traceparent: `00-${TRACE}-${PARENT}-01` },
    TRACE,
  ],
  ["nothing of invalid ones", { "x-lakehouse-trace-id": "a b", traceparent: "00" }, undefined],
  ["nothing of nothing", {}, undefined],
])("traceIdFrom takes %s", (_name, pairs, expected) => {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(pairs)) metadata.set(key, value);
  expect(traceIdFrom(metadata)).toBe(expected);
});
