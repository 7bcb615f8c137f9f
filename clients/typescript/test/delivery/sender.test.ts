import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { accepted, eventually, type FakeService, quickLogger, startFakeService } from "../support.js";

let fake: FakeService;
beforeEach(async () => {
  fake = await startFakeService();
});
afterEach(() => fake.close());

const ids = () => fake.batches.map((batch) => batch.map(({ session_id }) => session_id.replace("session-", "")).join());

test("createSender sends what one turn appends as one batch, cut by rows and by bytes", async () => {
  const log = quickLogger(fake.address, { batch_rows: 3, batch_bytes: 700 });
  for (let number = 0; number < 4; number++) log.append(accepted(number));
  for (let number = 4; number < 6; number++) log.append(accepted(number, { prompt: "p".repeat(600) }));
  expect(await log.close()).toBe(true);
  expect(ids()).toEqual(["0,1,2", "3", "4", "5"]);
  expect(log.stats()).toMatchObject({ appended: 6, retried: 0 });
});

test.each([status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.CANCELLED])(
  "createSender sends rows again after status %i, in order, and logs once",
  async (code) => {
    const down = () => ({ code });
    fake.script(down, down, () => undefined);
    const log = quickLogger(fake.address, { batch_rows: 2 });
    for (let number = 0; number < 4; number++) log.append(accepted(number));
    expect(await log.flush()).toBe(true);
    expect(ids()).toEqual(["0,1", "0,1", "0,1", "2,3"]);
    expect(fake.batches[0]).toEqual(fake.batches[2]);
    expect(log.stats()).toMatchObject({ appended: 4, retried: 4, refused: 0 });
    await log.close();
    expect(log.told.map((line) => line.split(":")[1]?.trim())).toEqual([
      "service unavailable, records are buffered",
      "service available again",
    ]);
  },
);

test("createSender waits as long as RetryInfo says, even when somebody flushes", async () => {
  fake.script(
    () => ({ code: status.RESOURCE_EXHAUSTED, retry_after_ms: 300 }),
    () => undefined,
  );
  const log = quickLogger(fake.address);
  const began_ms = performance.now();
  log.append(accepted(0));
  await eventually(() => fake.batches.length === 1);
  expect(await log.flush()).toBe(true);
  expect(performance.now() - began_ms).toBeGreaterThan(295);
  await log.close();
});

test("createSender splits what is too large, down to the row that is", async () => {
  fake.script((records) =>
    records.some(({ session_id }) => session_id === "session-2") ? { code: status.RESOURCE_EXHAUSTED } : undefined,
  );
  const log = quickLogger(fake.address);
  for (let number = 0; number < 5; number++) log.append(accepted(number));
  await log.close();
  expect(log.stats()).toMatchObject({ appended: 4, refused: 1, retried: 0 });
  expect(ids()).toEqual(["0,1,2,3,4", "0,1", "2,3,4", "2", "3,4"]);
});

test.each([status.FAILED_PRECONDITION, status.UNIMPLEMENTED, status.INTERNAL])(
  "createSender gives single records up after status %i, logged once",
  async (code) => {
    fake.script(() => ({ code, message: "no" }));
    const log = quickLogger(fake.address, { batch_rows: 1 });
    for (let number = 0; number < 3; number++) log.append(accepted(number));
    await log.close();
    expect(log.stats()).toMatchObject({ appended: 0, refused: 3, retried: 0 });
    expect(log.told).toEqual([
      `session log: record refused: session_id session-0, daemon validatord: record ${status[code]}: no; further ones are only counted`,
    ]);
  },
);

test("createSender logs once statuses that come in turn", async () => {
  const unavailable = () => ({ code: status.UNAVAILABLE });
  const exhausted = () => ({ code: status.RESOURCE_EXHAUSTED, retry_after_ms: 1 });
  fake.script(...Array.from({ length: 20 }, (_, call) => (call % 2 ? exhausted : unavailable)), () => undefined);
  const log = quickLogger(fake.address, { max_backoff_ms: 1, min_backoff_ms: 1 });
  log.append(accepted(0));
  expect(await log.close()).toBe(true);
  expect(log.stats()).toMatchObject({ appended: 1, retried: 20 });
  expect(log.told).toHaveLength(3);
});

test("createSender logs records that a reply has no result for", async () => {
  fake.script(() => "short");
  const log = quickLogger(fake.address, { batch_rows: 2 });
  for (let number = 0; number < 4; number++) log.append(accepted(number));
  expect(await log.close()).toBe(true);
  expect(log.stats()).toMatchObject({ appended: 2, refused: 2 });
  expect(log.told).toHaveLength(1);
  expect(log.told[0]).toContain("has no result for 1 of 2 records");
});

test("createSender gives up a call at its deadline, and sends again", async () => {
  fake.script(
    () => "hold",
    () => undefined,
  );
  const log = quickLogger(fake.address, { call_timeout_ms: 1_000 });
  log.append(accepted(0));
  expect(await log.flush()).toBe(true);
  expect(log.stats()).toMatchObject({ appended: 1, retried: 1 });
  await log.close();
});

test("createSender ends a call under way when its logger closes", async () => {
  fake.script(() => "hold");
  // Longer than this test may take.
  const log = quickLogger(fake.address, { call_timeout_ms: 3_600_000 });
  log.append(accepted(0));
  await eventually(() => fake.batches.length === 1);
  expect(await log.close(50)).toBe(false);
  expect(log.stats()).toMatchObject({ dropped: 1, buffered: 0, buffered_bytes: 0 });
  // Time for the call to end, which is not told again.
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(log.told).toEqual(["session log: 1 records lost: not sent before the end"]);
});
