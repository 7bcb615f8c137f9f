import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { createFakeJournal } from "../../support/journal.js";
import { startSecuredService } from "../../support/secured.js";
import { startTestServer, type TestServer } from "../../support/server.js";
import { runCli } from "../support.js";

let server: TestServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

test("health ends with 0 while the service accepts appends, else with 1, and prints one line", async () => {
  const journal = createFakeJournal();
  server = await startTestServer({ createJournal: () => journal });
  const { address } = server;
  expect(await runCli(["health", "--address", address])).toEqual({
    code: 0,
    stdout: `${address}: SERVING\n`,
    stderr: "",
  });
  journal.enter("disk_full");
  expect(await runCli(["health"], { env: { SESSIONLOG_ADDRESS: address } })).toEqual({
    code: 1,
    stdout: "",
    stderr: `sessionlog: ${address}: NOT_SERVING\n`,
  });
});

test("health ends with 1 when nobody answers", async () => {
  const { code, stdout, stderr } = await runCli(["health", "--address", "127.0.0.1:1", "--deadline", "10s"]);
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/^sessionlog: 127\.0\.0\.1:1: UNAVAILABLE: .*\n$/);
});

test("health takes TLS and the token from the environment", async () => {
  const secured = await startSecuredService({ tokens: ["slt_old"] });
  const token_file = join(secured.directory, "token");
  writeFileSync(token_file, "slt_old\n");
  const { address } = secured.server;
  const env = {
    SESSIONLOG_ADDRESS: address,
    SESSIONLOG_TOKEN_FILE: token_file,
    ...(secured.ca_file && { SESSIONLOG_CA_FILE: secured.ca_file }),
  };
  expect(await runCli(["health"], { env })).toEqual({ code: 0, stdout: `${address}: SERVING\n`, stderr: "" });
  // Without TLS, the service does not answer.
  expect(await runCli(["health"], { env: { SESSIONLOG_ADDRESS: address } })).toMatchObject({ code: 1, stdout: "" });
});
