import { Metadata } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { traceIdFromHeaders } from "../../src/record/trace_id.js";
import { readCases } from "../cases.js";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`;

interface TraceCase {
  readonly name: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly expected: string;
}

describe("traceIdFromHeaders", () => {
  test.each(readCases<TraceCase>("trace_ids.jsonl"))("case: $name", ({ headers, expected }) => {
    const valuesOf = (wanted: string) => headers.filter(([name]) => name === wanted).map(([, value]) => value);
    expect(traceIdFromHeaders(Object.fromEntries(headers.map(([name]) => [name, valuesOf(name)])))).toBe(expected);
    const metadata = new Metadata();
    const ascii = headers.filter(([, value]) => /^[ -~]*$/.test(value));
    for (const [name, value] of ascii) metadata.add(name, value);
    if (ascii.length === headers.length) expect(traceIdFromHeaders(metadata)).toBe(expected);
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
