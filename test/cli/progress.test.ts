import { expect, test } from "vitest";
import { toTerminal } from "../../src/cli/output/terminal_output.js";
import { createProgress } from "../../src/cli/progress.js";
import { createFakeTime, createSink } from "./support.js";

test("createProgress shows one line on a terminal, not more often than five times a second", () => {
  const sink = createSink({ isTTY: true });
  const time = createFakeTime();
  const progress = createProgress(toTerminal(sink.stream), time.monotonic_ms);
  progress.show("1");
  progress.show("2");
  time.advance(200);
  progress.show("3");
  progress.clear();
  progress.clear();
  expect(sink.text()).toBe("\r\u001b[K1\r\u001b[K3\r\u001b[K");
});

test("createProgress is silent elsewhere", () => {
  const sink = createSink();
  const progress = createProgress(sink.stream, createFakeTime().monotonic_ms);
  progress.show("1");
  progress.clear();
  expect(sink.text()).toBe("");
});
