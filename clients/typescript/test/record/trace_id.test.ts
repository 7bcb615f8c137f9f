import { Metadata } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { parseTraceparent, traceIdFromHeaders } from "../../src/record/trace_id.js";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`;

describe("traceIdFromHeaders", () => {
  test.each<readonly [string, Record<string, string | string[] | undefined>, string]>([
    ["x-lakehouse-trace-id first", { traceparent: PARENT, "x-lakehouse-trace-id": "own" }, "own"],
    ["names in any case", { "X-Lakehouse-Trace-Id": " own " }, "own"],
    ["a list of values", { "x-lakehouse-trace-id": ["not valid!", "own"] }, "own"],
    ["values that Node joined", { "x-lakehouse-trace-id": "not valid, own" }, "own"],
    ["traceparent where there is no valid id", { traceparent: PARENT, "x-lakehouse-trace-id": "a b" }, TRACE],
    ["an id that is too long", { "x-lakehouse-trace-id": "a".repeat(129) }, ""],
    ["nothing", { host: "x", "x-lakehouse-trace-id": undefined }, ""],
  ])("takes %s", (_, headers, expected) => {
    expect(traceIdFromHeaders(headers)).toBe(expected);
  });

  test("takes nothing of no headers", () => {
    expect([traceIdFromHeaders(undefined), traceIdFromHeaders(null)]).toEqual(["", ""]);
  });

  test("takes Headers of fetch and Metadata of gRPC", () => {
    expect(traceIdFromHeaders(new Headers({ "X-Lakehouse-Trace-Id": "own" }))).toBe("own");
    expect(traceIdFromHeaders(new Headers())).toBe("");
    const metadata = new Metadata();
    metadata.add("x-lakehouse-trace-id", "not valid!");
    metadata.add("traceparent", PARENT);
    expect(traceIdFromHeaders(metadata)).toBe(TRACE);
  });
});

test.each([
  [PARENT, TRACE],
  [`01-${TRACE}-00f067aa0ba902b7-01-more`, TRACE],
  [`${PARENT}-more`, ""],
  [`ff-${TRACE}-00f067aa0ba902b7-01`, ""],
  [`00-${"0".repeat(32)}-00f067aa0ba902b7-01`, ""],
  [`00-${TRACE}-${"0".repeat(16)}-01`, ""],
  [PARENT.toUpperCase(), ""],
  ["", ""],
])("parseTraceparent of %j is %j", (text, expected) => {
  expect(parseTraceparent(text)).toBe(expected);
});
