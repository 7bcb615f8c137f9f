import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { temporaryDirectory } from "../../../test/cli/support.js";
import { optionsOfEnvironment } from "../src/environment.js";
import { createSessionLogger, createSessionLoggerFromEnv } from "../src/index.js";
import { accepted, serve, startFakeService } from "./support.js";

afterEach(() => {
  vi.unstubAllEnvs();
});

function quietLog() {
  const lines: string[] = [];
  const add = (message: string) => void lines.push(message);
  return { lines, log: { info: add, warn: add } };
}

describe("optionsOfEnvironment", () => {
  test("has what is set, and empty variables are not", () => {
    const env = {
      SESSIONLOG_DAEMON: "fill",
      SESSIONLOG_SPILL_FILE: "",
      SESSIONLOG_DEBUG: "1",
      SESSIONLOG_TOKEN: "t",
      SESSIONLOG_CA_FILE: "ca.pem",
    };
    const options = optionsOfEnvironment(env, {});
    expect(options).toMatchObject({ daemon: "fill", spill_file: undefined, debug: true, token: "t" });
    expect(options.tls).toMatchObject({ ca_file: "ca.pem", cert_file: undefined });
    expect(optionsOfEnvironment({}, {})).toMatchObject({
      daemon: undefined,
      debug: false,
      tls: undefined,
      token: undefined,
    });
  });

  test("leaves what is given, and takes the environment's for undefined", () => {
    const env = { SESSIONLOG_DAEMON: "env", SESSIONLOG_DEBUG: "true" };
    expect(optionsOfEnvironment(env, { daemon: "own", debug: false })).toMatchObject({ daemon: "own", debug: false });
    expect(optionsOfEnvironment(env, { daemon: undefined }).daemon).toBe("env");
  });
});

test("createSessionLoggerFromEnv sends to the service that the environment names, with its token", async () => {
  const fake = await startFakeService();
  const token_file = join(temporaryDirectory(), "token");
  writeFileSync(token_file, "first\n");
  vi.stubEnv("SESSIONLOG_ADDRESS", fake.address);
  vi.stubEnv("SESSIONLOG_DAEMON", "of-env");
  vi.stubEnv("SESSIONLOG_TOKEN_FILE", token_file);
  vi.stubEnv("SESSIONLOG_DEBUG", "1");
  const { lines, log } = quietLog();
  const logger = createSessionLoggerFromEnv({ log });
  logger.append(accepted(0));
  await logger.flush();
  writeFileSync(token_file, "second");
  logger.append(accepted(1));
  await logger.close();
  fake.close();
  expect(fake.batches.flat().map(({ daemon }) => daemon)).toEqual(["of-env", "of-env"]);
  expect(fake.authorizations).toEqual(["Bearer first", "Bearer second"]);
  expect(lines[0]).toBe(`session log: sending to ${fake.address} as of-env`);
  expect(lines[1]).toMatch(/^session log: sent 1 rows in [0-9]+ ms: OK$/);
  expect(lines[2]).toBe("session log: the first row is stored");
});

test("a logger says what is in effect: off, or where it sends, and nothing of what it sends", async () => {
  vi.stubEnv("SESSIONLOG_ADDRESS", "");
  // A mistyped name.
  vi.stubEnv("SESSION_LOG_ADDRESS", "127.0.0.1:50051");
  const { lines, log } = quietLog();
  expect(createSessionLoggerFromEnv({ log }).enabled).toBe(false);
  expect(lines).toEqual(["session log: off, no address"]);
  const { address } = await serve();
  const logger = createSessionLogger(address, { log, daemon: "" });
  for (let number = 0; number < 3; number++) logger.append(accepted(number, { daemon: "d", prompt: "secret" }));
  await logger.close();
  expect(lines.slice(1)).toEqual([`session log: sending to ${address}`, "session log: the first row is stored"]);
});
