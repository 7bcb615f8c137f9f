import { expect, test } from "vitest";
import { createLogger } from "../../../src/cli/output/logger.js";
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
