import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { temporaryDirectory } from "../../../../test/cli/support.js";
import { classifyFailure } from "../../src/delivery/retry.js";
import type { SessionLoggerOptions } from "../../src/index.js";
import { type FailureCase, readFailureCases } from "../cases.js";
import { accepted, eventually, type FakeService, ids, names, quickLogger, startFakeService } from "../support.js";

const cases = readFailureCases();
const failureOf = ({ status, retry_info }: FailureCase) => ({
  code_name: status,
  retry_after_ms: retry_info ? 1 : undefined,
});

test.each(cases)("classifyFailure: $status with RetryInfo $retry_info", (each) => {
  expect(classifyFailure(failureOf(each), 1)).toBe(each.one_row);
  for (const rows of [2, 10_000]) expect(classifyFailure(failureOf(each), rows)).toBe(each.many_rows);
});

test("every status has a case", () => {
  const names = Object.keys(status).filter((name) => /^[A-Z]/.test(name) && name !== "OK");
  expect([...new Set(cases.map((each): string => each.status))].sort()).toEqual(names.sort());
});

describe("a batch of five with one row that the service fails on", () => {
  let fake: FakeService;
  beforeEach(async () => {
    fake = await startFakeService();
  });
  afterEach(() => fake.close());

  const failing = (each: FailureCase) => ({
    code: status[each.status],
    message: "no",
    ...(each.retry_info ? { retry_after_ms: 1 } : {}),
  });

  function appendFive(options: SessionLoggerOptions = {}) {
    const log = quickLogger(fake.address, options);
    for (let number = 0; number < 5; number++) log.append(accepted(number));
    return log;
  }

  test.each(cases.filter(({ many_rows }) => many_rows === "split"))(
    "$status: only that row is refused",
    async (each) => {
      fake.script((records) =>
        records.some(({ session_id }) => session_id === "session-3") ? failing(each) : undefined,
      );
      const log = appendFive();
      expect(await log.close()).toBe(true);
      expect(log.stats()).toMatchObject({ appended: 4, refused: 1, retried: 0 });
      expect(log.told).toEqual([
        `session log: record refused: session_id session-3, daemon validatord: record ${each.status}: no; further ones are only counted`,
      ]);
    },
  );

  test.each(cases.filter(({ many_rows }) => many_rows === "retry" || many_rows === "wait_for_credentials"))(
    "$status with RetryInfo $retry_info: all are sent again until they are stored, logged once",
    async (each) => {
      fake.script(
        () => failing(each),
        () => failing(each),
        () => undefined,
      );
      let tokens = 0;
      const log = appendFive({ token: () => `token-${++tokens}` });
      await eventually(() => log.stats().appended === 5);
      expect(log.stats()).toMatchObject({ refused: 0, dropped: 0, retried: 10 });
      await log.close();
      expect(log.told).toEqual([
        `session log: service unavailable, records are buffered: ${each.status}: no`,
        "session log: service available again",
      ]);
    },
  );

  test.each(cases.filter(({ many_rows }) => many_rows === "spill"))("$status: all are spilled", async (each) => {
    fake.script(() => failing(each));
    const spill_file = join(temporaryDirectory(), "spill.jsonl");
    const log = appendFive({ spill_file });
    expect(await log.close()).toBe(true);
    expect(log.stats()).toMatchObject({ appended: 0, spilled: 5, refused: 0, retried: 0 });
    expect(ids(spill_file)).toEqual(names(5));
    expect(fake.batches).toHaveLength(1);
  });

  test.each(cases.filter(({ many_rows }) => many_rows === "give_up"))("$status: all are refused", async (each) => {
    fake.script(() => failing(each));
    const log = appendFive();
    expect(await log.close()).toBe(true);
    expect(log.stats()).toMatchObject({ appended: 0, refused: 5, retried: 0 });
    expect(fake.batches).toHaveLength(1);
  });
});

test("a flush sends records that wait for credentials at once", async () => {
  const fake = await startFakeService();
  fake.script(
    () => ({ code: status.UNAUTHENTICATED }),
    () => undefined,
  );
  const log = quickLogger(fake.address, { max_backoff_ms: 3_600_000, token: () => "the same" });
  log.append(accepted(0));
  await eventually(() => log.told.length === 1);
  expect(await log.flush()).toBe(true);
  expect(log.stats()).toMatchObject({ appended: 1, retried: 1 });
  await log.close();
  fake.close();
});

test("appendAndWait fails at once where credentials are missing", async () => {
  const log = quickLogger("192.0.2.1:50051", { token: "secret" });
  expect(await log.appendAndWait(accepted(0))).toMatchObject({ kind: "failed", code: "UNAUTHENTICATED" });
  expect(log.stats()).toMatchObject({ retried: 0, refused: 0 });
  await log.close();
});
