import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startSecuredService } from "../../../../test/support/secured.js";
import { waitForCredentials } from "../../src/delivery/credentials.js";
import type { SessionLoggerOptions } from "../../src/index.js";
import { accepted, eventually, ids, names, quickLogger } from "../support.js";

const OLD = "slt_old";
const NEW = "slt_new";

/** The service, and what a daemon of it has. */
async function startSecured(options: Parameters<typeof startSecuredService>[0] = {}) {
  const { server, directory, ca_file, allow } = await startSecuredService({ tokens: [OLD], ...options });
  const spill_file = join(directory, "spill.jsonl");
  const tls = ca_file === undefined ? undefined : { ca_file };
  return {
    server,
    token_file: join(directory, "token"),
    spill_file,
    allow,
    logger: (given: SessionLoggerOptions) => quickLogger(server.address, { tls, ...given }),
    stored: () => ids(server.path),
    spilled: () => ids(spill_file),
  };
}

test.each([[false], [true]])("a token that is renewed while rows are appended loses none (unix: %s)", async (unix) => {
  const { token_file, logger, allow, stored } = await startSecured({ unix });
  writeFileSync(token_file, `${OLD}\n`);
  const log = logger({ token_file });
  log.append(accepted(0));
  expect(await log.flush()).toBe(true);
  allow(NEW);
  for (let number = 1; number < 20; number++) log.append(accepted(number));
  await eventually(() => log.told.length > 0);
  expect(log.stats()).toMatchObject({ buffered: 19, refused: 0, dropped: 0 });
  writeFileSync(token_file, NEW);
  await eventually(() => log.stats().appended === 20);
  await log.close();
  expect(stored()).toEqual(names(20));
  expect(log.told).toEqual([
    "session log: service unavailable, records are buffered: UNAUTHENTICATED: credentials are required",
    "session log: service available again",
  ]);
});

test.each([
  [
    "is not there",
    undefined,
    /^session log: service unavailable.*UNAUTHENTICATED: token_file: .*token: no such file or directory$/,
  ],
  ["is empty", "\n", /UNAUTHENTICATED: token_file: .*token: it is empty$/],
  [
    "has what no header can",
    "a\u00e9\nb",
    /UNAUTHENTICATED: token_file: .*token: a token may have printable ASCII only$/,
  ],
  ["is too long", "x".repeat(10_000), /UNAUTHENTICATED: token_file: .*token: a token may have 8192 bytes at most$/],
  ["has an unknown token", "x", /UNAUTHENTICATED: credentials are required$/],
])("rows wait for a token file that %s, told once", async (_what, content, told) => {
  const { token_file, logger, stored } = await startSecured();
  if (content !== undefined) writeFileSync(token_file, content);
  const log = logger({ token_file });
  log.append(accepted(0));
  await eventually(() => log.told.length > 0);
  writeFileSync(token_file, OLD);
  await eventually(() => log.stats().appended === 1);
  await log.close();
  expect(stored()).toEqual(names(1));
  expect(log.told).toEqual([expect.stringMatching(told), "session log: service available again"]);
});

test.each<[string, string, SessionLoggerOptions, string]>([
  ["a fixed token", "append", { token: "slt_unknown" }, "UNAUTHENTICATED: credentials are required"],
  ["no token", "append", {}, "UNAUTHENTICATED: credentials are required"],
  [
    "a role that may not append",
    "read",
    { token: OLD },
    "PERMISSION_DENIED: validatord may not call BatchAppendSessions: it needs the role append or admin",
  ],
])("rows that come with %s are spilled at once, reported once", async (_what, role, options, why) => {
  const { spill_file, logger, stored, spilled } = await startSecured({ role });
  const log = logger({ ...options, spill_file });
  for (let number = 0; number < 3; number++) {
    log.append(accepted(number));
    expect(await log.flush()).toBe(true);
  }
  expect(log.stats()).toMatchObject({ spilled: 3, retried: 0, dropped: 0, refused: 0, buffered: 0 });
  expect(spilled()).toEqual(names(3));
  await log.close();
  expect(log.told).toEqual([
    `session log: 1 records could not be sent and are in ${spill_file}: ${why}; further ones are only counted`,
  ]);
  const lost = logger(options);
  lost.append(accepted(0));
  await lost.close();
  expect(lost.stats()).toMatchObject({ dropped: 1, retried: 0 });
  expect(lost.told).toEqual([`session log: 1 records lost: ${why}; further ones are only counted`]);
  expect(stored()).toEqual([]);
});

test("while a token is waited for, the oldest rows of a buffer that is nearly full go to the spill file", async () => {
  const { token_file, spill_file, logger, stored, spilled } = await startSecured();
  const log = logger({ token_file, spill_file, buffer_rows: 100, batch_rows: 10 });
  for (let number = 0; number < 1_000; number++) {
    log.append(accepted(number));
    await eventually(() => log.stats().buffered <= 80);
  }
  expect(log.stats().dropped).toBe(0);
  writeFileSync(token_file, OLD);
  await eventually(() => log.stats().buffered === 0);
  await log.close();
  expect(stored().length).toBeGreaterThan(0);
  expect([...spilled(), ...stored()]).toEqual(names(1_000));
});

test("rows that still wait for a token go to the spill file at the end, and the end is not waited for", async () => {
  const { token_file, spill_file, logger, spilled } = await startSecured();
  const log = logger({ token_file, spill_file });
  for (let number = 0; number < 3; number++) log.append(accepted(number));
  await eventually(() => log.told.length > 0);
  expect(await log.close(10)).toBe(false);
  expect(spilled()).toEqual(names(3));
  expect(readFileSync(spill_file, "utf8")).not.toContain(OLD);
});

test("waitForCredentials looks at the token now and then, and tries the same one again after a minute", async () => {
  let now_ms = 0;
  let looks = 0;
  const wait = (renewed: (look: number) => boolean, ends: () => boolean = () => false) =>
    waitForCredentials({
      token: { renewed: async () => renewed(++looks) },
      times: { retry_at_ms: now_ms + 60_000, look_at_ms: now_ms + 2_000 },
      poll_ms: 2_000,
      monotonic_ms: () => now_ms,
      async pause(duration_ms) {
        now_ms += duration_ms;
        return ends();
      },
    });
  expect([await wait(() => false), now_ms, looks]).toEqual([true, 60_000, 29]);
  looks = 0;
  expect([await wait((look) => look === 3), now_ms]).toEqual([true, 66_000]);
  const ended = await wait(
    () => false,
    () => true,
  );
  expect([ended, now_ms]).toEqual([false, 68_000]);
});

test("a function that gives another token each time is not called in a hurry", async () => {
  const { logger, server } = await startSecured();
  let given = 0;
  const log = logger({ token: () => `slt_${++given}`, max_backoff_ms: 3_600_000 });
  log.append(accepted(0));
  await eventually(() => log.told.length > 0);
  expect(await log.close(50)).toBe(false);
  // One call, and one that closing asked for.
  expect(server.logs.filter(({ reason }) => reason === "unknown_token")).toHaveLength(1);
  expect(given).toBeLessThanOrEqual(2);
});
