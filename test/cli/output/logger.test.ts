import { expect, test } from "vitest";
import { createLogger } from "../../../src/cli/output/logger.js";
import { toTerminal } from "../../../src/cli/output/terminal_output.js";
import { createSink } from "../support.js";

test("createLogger writes JSON lines, each before the call returns", async () => {
  const sink = createSink();
  const logger = await createLogger({ env: {}, stderr: sink.stream });
  logger.info({ address: "127.0.0.1:1" }, "serving");
  expect(JSON.parse(sink.text())).toMatchObject({ level: 30, address: "127.0.0.1:1", msg: "serving" });
});

test("createLogger writes readable lines on a terminal, without colours when NO_COLOR is set", async () => {
  const sink = createSink({ isTTY: true });
  const logger = await createLogger({ env: { NO_COLOR: "1" }, stderr: sink.stream });
  logger.warn({ address: "127.0.0.1:1" }, "serving");
  expect(sink.text()).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] WARN: serving\n {4}address: "127\.0\.0\.1:1"\n$/);
});

test("createLogger escapes on a terminal what it would obey, and keeps its own colours", async () => {
  const sink = createSink({ isTTY: true });
  const logger = await createLogger({ env: {}, stderr: toTerminal(sink.stream) });
  logger.error({ file: "\u001b[31m\u009b\u202e", nested: { text: "\u001b[2J" } }, "red \u001b[31m");
  expect(sink.text()).toContain("\\u001b[31m\\u009b\\u202e");
  expect(sink.text()).toContain("\u001b[31mERROR\u001b[39m: \u001b[36mred \\u001b[31m\u001b[39m");
  expect(sink.text()).not.toContain("\u001b[2J");
});
