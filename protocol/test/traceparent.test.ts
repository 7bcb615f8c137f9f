import { expect, test } from "vitest";
import { parseTraceparent } from "../src/traceparent.js";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";

test.each([
  ["as version 00 has it", `00-${TRACE}-${PARENT}-01`],
  ["of a later version", `01-${TRACE}-${PARENT}-00`],
  ["of a later version with more after it", `cc-${TRACE}-${PARENT}-01-what-comes-then`],
])("parseTraceparent reads one %s", (_name, text) => {
  expect(parseTraceparent(text)).toBe(TRACE);
});

test.each([
  ["", ""],
  ["without parts", TRACE],
  ["of version ff", `ff-${TRACE}-${PARENT}-01`],
  ["of version 00 with more after it", `00-${TRACE}-${PARENT}-01-more`],
  ["with a trace id of zeros", `00-${"0".repeat(32)}-${PARENT}-01`],
  ["with a parent id of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
  ["in capitals", `00-${TRACE.toUpperCase()}-${PARENT}-01`],
  ["with a short trace id", `00-${TRACE.slice(1)}-${PARENT}-01`],
  ["with something after the flags", `01-${TRACE}-${PARENT}-01x`],
])("parseTraceparent refuses one %s", (_name, text) => {
  expect(parseTraceparent(text)).toBe("");
});
