import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { VERSION } from "../src/index.js";
import { accepted, quickLogger, startFakeService } from "./support.js";

test("VERSION is that of the package, and the service is told it", async () => {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  expect(VERSION).toBe(version);
  const fake = await startFakeService();
  const log = quickLogger(fake.address);
  log.append(accepted(0));
  await log.close();
  fake.close();
  expect(fake.user_agents[0]).toMatch(new RegExp(`^sessionlog-typescript/${VERSION} `));
});
