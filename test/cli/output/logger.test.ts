import { expect, test } from "vitest";
import { createLogger } from "../../../src/cli/output/logger.js";
import { toTerminal } from "../../../src/cli/output/terminal_output.js";
import { createSink } from "../support.js";

const DEFAULTS = { level: "info", format: "auto" } as const;

test("createLogger writes JSON lines, each before the call returns", async () => {
  const sink = createSink();
  const logger = await createLogger({ env: {}, stderr: sink.stream }, DEFAULTS);
  logger.info({ address: "127.0.0.1:1" }, "serving");
  expect(JSON.parse(sink.text())).toMatchObject({ level: 30, address: "127.0.0.1:1", msg: "serving" });
});

test("createLogger writes readable lines on a terminal, without colours when NO_COLOR is set", async () => {
  const sink = createSink({ isTTY: true });
  const logger = await createLogger({ env: { NO_COLOR: "1" }, stderr: sink.stream }, DEFAULTS);
  logger.warn({ address: "127.0.0.1:1" }, "serving");
  expect(sink.text()).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] WARN: serving\n {4}address: "127\.0\.0\.1:1"\n$/);
});

test("createLogger escapes on a terminal what it would obey, and keeps its own colours", async () => {
  const sink = createSink({ isTTY: true });
  const logger = await createLogger({ env: {}, stderr: toTerminal(sink.stream) }, DEFAULTS);
  logger.error({ file: "\u001b[31m\u009b\u202e", nested: { text: "\u001b[2J" } }, "red \u001b[31m");
  expect(sink.text()).toContain("\\u001b[31m\\u009b\\u202e");
  expect(sink.text()).toContain("\u001b[31mERROR\u001b[39m: \u001b[36mred \\u001b[31m\u001b[39m");
  expect(sink.text()).not.toContain("\u001b[2J");
});

test.each([
  ["json", true, true],
  ["json", false, true],
  ["pretty", true, false],
  ["pretty", false, false],
  ["auto", true, false],
  ["auto", false, true],
] as const)("createLogger with format %s, on a terminal: %s, writes JSON: %s", async (format, isTTY, json) => {
  const sink = createSink({ isTTY });
  const logger = await createLogger({ env: {}, stderr: sink.stream }, { level: "info", format });
  logger.info({}, "serving");
  expect(sink.text().startsWith("{")).toBe(json);
  if (!isTTY) expect(sink.text()).not.toContain("\u001b");
});

test.each([
  ["debug", ["a", "b", "c", "d"]],
  ["info", ["b", "c", "d"]],
  ["warn", ["c", "d"]],
  ["error", ["d"]],
] as const)("createLogger with level %s leaves out what is less important", async (level, messages) => {
  const sink = createSink();
  const logger = await createLogger({ env: {}, stderr: sink.stream }, { level, format: "json" });
  logger.debug("a");
  logger.info("b");
  logger.warn("c");
  logger.error("d");
  const lines = sink.text().trim().split("\n");
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual(messages);
});
