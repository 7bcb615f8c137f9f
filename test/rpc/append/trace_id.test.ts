import { Metadata } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { parseTraceparent, traceIdFrom } from "../../../src/rpc/append/trace_id.js";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";

test.each([
  ["as version 00 has it", `00-${TRACE}-${PARENT}-01`],
  ["of a later version", `01-${TRACE}-${PARENT}-00`],
  ["of a later version with more behind it", `cc-${TRACE}-${PARENT}-01-what-comes-then`],
])("parseTraceparent reads one %s", (_name, text) => {
  expect(parseTraceparent(text)).toBe(TRACE);
});

test.each([
  ["", ""],
  ["without parts", TRACE],
  ["of version ff", `ff-${TRACE}-${PARENT}-01`],
  ["of version 00 with more behind it", `00-${TRACE}-${PARENT}-01-more`],
  ["with a trace id of zeros", `00-${"0".repeat(32)}-${PARENT}-01`],
  ["with a parent id of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
  ["in capitals", `00-${TRACE.toUpperCase()}-${PARENT}-01`],
  ["with a short trace id", `00-${TRACE.slice(1)}-${PARENT}-01`],
  ["with something behind the flags", `01-${TRACE}-${PARENT}-01x`],
])("parseTraceparent refuses one %s", (_name, text) => {
  expect(parseTraceparent(text)).toBeUndefined();
});

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
