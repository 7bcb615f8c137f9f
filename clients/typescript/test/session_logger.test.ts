import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runCli, temporaryDirectory } from "../../../test/cli/support.js";
import { createFakeJournal } from "../../../test/support/journal.js";
import { startTestServer } from "../../../test/support/server.js";
import { createSessionLogger } from "../src/index.js";
import { accepted, eventually, freeAddress, ids, names, quickLogger, serve } from "./support.js";

describe("createSessionLogger", () => {
  test("is off without an address: every call does nothing", async () => {
    for (const address of ["", "  ", undefined, null]) {
      const log = createSessionLogger(address, { spill_file: "/no/such/directory/file" });
      log.append(accepted(0));
      expect(log.enabled).toBe(false);
      expect(await log.appendAndWait(accepted(0))).toMatchObject({ ok: true, sequence: 0 });
      expect(log.stats()).toMatchObject({ appended: 0, dropped: 0, refused: 0, buffered: 0 });
      expect([await log.flush(), await log.close(), await log.close()]).toEqual([true, true, true]);
    }
  });

  test("stores what is appended, in order, as it was then", async () => {
    const { address, path, rows } = await serve();
    const log = quickLogger(address);
    const fills = [{ worker_id: "W-1" }];
    log.append(accepted(0, { artifact: { fills } }));
    fills.length = 0;
    for (let number = 1; number < 1_200; number++) log.append(accepted(number));
    expect(log.stats().buffered).toBe(1_200);
    expect(await log.close()).toBe(true);
    expect(ids(path)).toEqual(names(1_200));
    expect(JSON.parse(rows()[0] ?? "")).toMatchObject({
      artifact: { fills: [{ worker_id: "W-1" }] },
      daemon: "validatord",
    });
    expect(log.stats()).toMatchObject({ appended: 1_200, retried: 0, buffered: 0, buffered_bytes: 0 });
  });

  test("waits for a service that is down at start", async () => {
    const address = await freeAddress();
    const log = quickLogger(address);
    for (let number = 0; number < 100; number++) log.append(accepted(number));
    await eventually(() => log.stats().retried > 0);
    expect(await log.flush(20)).toBe(false);
    const { path } = await serve({ server: { listen: address } });
    expect(await log.close()).toBe(true);
    expect(ids(path)).toEqual(names(100));
    // Nobody listens, perhaps also that the log is not open yet: each once.
    expect(new Set(log.told).size).toBe(log.told.length);
    expect(log.told[0]).toContain("service unavailable, records are buffered: UNAVAILABLE");
    expect(log.told.at(-1)).toBe("session log: service available again");
  });

  test.each([Number.POSITIVE_INFINITY, 2 ** 31, Number.NaN])(
    "waits for a deadline of %d ms, which no timer has, and for NaN as by default",
    async (deadline_ms) => {
      const address = await freeAddress();
      const log = quickLogger(address, { close_timeout_ms: deadline_ms });
      log.append(accepted(0));
      const flushed = log.flush(deadline_ms);
      const other = quickLogger(address);
      const answered = other.appendAndWait(accepted(1), { deadline_ms });
      await eventually(() => log.stats().retried > 3);
      const closed = log.close(deadline_ms);
      log.append(accepted(2));
      const { path } = await serve({ server: { listen: address } });
      expect([await flushed, await closed, (await answered).ok]).toEqual([true, true, true]);
      expect(ids(path).sort()).toEqual(names(2));
      await other.close();
    },
  );

  test("stores the record of a session, whose errors come through as they are", async () => {
    const { address, rows } = await serve();
    const log = quickLogger(address);
    const request = { kind: "fill", prompt: "p", max_iterations: 2, trace_id: "trace", rosterCheck: () => true };
    const artifact = { fills: [] };
    const result = await log.session(request, async (session) => {
      session.noJson(new Error("no JSON"));
      return session.accept(artifact);
    });
    expect(result).toBe(artifact);
    const down = new Error("fetch failed", { cause: new Error("connect ECONNREFUSED") });
    await expect(log.session({ kind: "fill" }, () => Promise.reject(down))).rejects.toBe(down);
    const session = log.startSession({ kind: "fill" });
    session.accept({});
    session.accept({});
    session.end();
    await log.close();
    const stored = rows().map((row) => JSON.parse(row));
    expect(stored).toMatchObject([
      { session_id: "trace", iterations: 2, final_verdict: "accepted", artifact, grounded_in_roster: true },
      { final_verdict: "infra_error", attempts: [{ error: "fetch failed: connect ECONNREFUSED" }] },
      { session_id: session.session_id, final_verdict: "accepted" },
    ]);
    expect(log.told).toEqual(["session log: accept was called twice in a session; the first artifact counts"]);
  });

  test("takes null for what is left out", async () => {
    const { address } = await serve();
    const log = createSessionLogger(address, null);
    expect(await log.appendAndWait(accepted(0), null)).toMatchObject({ ok: true });
    expect(await log.close(null)).toBe(true);
  });

  test("loses and doubles nothing when the service is restarted under load", async () => {
    const path = join(temporaryDirectory(), "sessions.jsonl");
    let server = await startTestServer({ log: { path } });
    const { address } = server;
    const log = quickLogger(address, { batch_rows: 20 });
    let appended = 0;
    const load = (async () => {
      while (appended < 3_000) {
        for (let turn = 0; turn < 10; turn++) log.append(accepted(appended++));
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    for (const rows of [300, 900, 1_800]) {
      await eventually(() => log.stats().appended > rows);
      await server.close();
      server = await startTestServer({ log: { path }, server: { listen: address } });
    }
    await load;
    expect(await log.close()).toBe(true);
    await server.close();
    expect(ids(path)).toEqual(names(3_000));
    const { appended: stored, duplicate, refused, dropped } = log.stats();
    expect([stored + duplicate, refused, dropped]).toEqual([3_000, 0, 0]);
  });

  test("appends at once while the service stands still", async () => {
    const journal = createFakeJournal();
    const { address } = await serve({ createJournal: () => journal });
    journal.hold();
    const log = quickLogger(address);
    const began = process.cpuUsage();
    for (let number = 0; number < 200; number++) log.append(accepted(number));
    const { user, system } = process.cpuUsage(began);
    expect((user + system) / 1_000).toBeLessThan(200);
    expect(await log.flush(50)).toBe(false);
    expect(log.stats().buffered).toBe(200);
    journal.release();
    expect(await log.close()).toBe(true);
    expect(log.stats()).toMatchObject({ appended: 200, retried: 0 });
  });

  test("tells refusals once, by the service and by itself, and counts them", async () => {
    const { address, path } = await serve();
    const log = quickLogger(address);
    for (let number = 0; number < 20; number++) {
      log.append(accepted(number));
      log.append({ kind: "poem", final_verdict: "accepted" });
      log.append(accepted(number, { artifact: { n: Number.NaN } }));
    }
    expect(await log.close()).toBe(true);
    expect(ids(path)).toEqual(names(20));
    expect(log.stats()).toMatchObject({ appended: 20, refused: 40 });
    expect(log.told).toHaveLength(2);
    expect(log.told.join()).toContain("record.artifact NOT_FINITE");
    expect(log.told.join()).toContain("record.kind NOT_ALLOWED: expected one of fill, email, playbook");
  });

  test.each(["oldest", "newest"] as const)("drops the %s rows when its buffer is full", async (overflow) => {
    const address = await freeAddress();
    const log = quickLogger(address, { buffer_rows: 100, batch_rows: 1, overflow });
    log.append(accepted(0));
    await eventually(() => log.stats().retried > 0);
    for (let number = 1; number < 1_000; number++) log.append(accepted(number));
    expect(log.stats()).toMatchObject({ buffered: 100, dropped: 900 });
    const { path } = await serve({ server: { listen: address } });
    expect(await log.close()).toBe(true);
    // The first row was under way all the time.
    expect(ids(path)).toEqual(["session-0", ...names(99, overflow === "newest" ? 1 : 901)]);
    expect(log.told.join()).toContain("900 records lost: the buffer is full");
  });

  test("spills the rows that close leaves, for the append command", async () => {
    const address = await freeAddress();
    const spill_file = join(temporaryDirectory(), "spill.jsonl");
    const log = quickLogger(address, { spill_file });
    for (let number = 0; number < 500; number++) {
      log.append(accepted(number, { prompt: `\u2028 ${number} \udcff`, artifact: { n: [number, 0.1, null] } }));
    }
    expect(await log.close(50)).toBe(false);
    expect(log.stats()).toMatchObject({ spilled: 500, dropped: 0, buffered: 0 });
    expect(log.told.at(-1)).toContain(`500 records could not be sent and are in ${spill_file}`);
    const { path, rows } = await serve({ server: { listen: address } });
    const { code, stdout } = await runCli(["append", "--address", address, spill_file]);
    expect([code, stdout]).toEqual([0, "appended 500, duplicate 0, refused 0\n"]);
    expect(ids(path)).toEqual(names(500));
    expect(JSON.parse(rows()[7] ?? "")).toMatchObject({ prompt: "\u2028 7 \ufffd", artifact: { n: [7, 0.1, null] } });
  });

  test("counts rows as lost that cannot be spilled, and what comes after close", async () => {
    const address = await freeAddress();
    const log = quickLogger(address, { spill_file: join(temporaryDirectory(), "no/such/directory") });
    log.append(accepted(0));
    const [first, second] = [log.close(0), log.close()];
    expect([await first, await second]).toEqual([false, false]);
    log.append(accepted(1));
    expect(log.stats()).toMatchObject({ dropped: 2, spilled: 0, buffered: 0 });
    expect(await log.appendAndWait(accepted(2))).toMatchObject({ ok: false, kind: "failed", code: "CLOSED" });
    expect(log.told.join()).toMatch(/cannot write .*: Error: ENOENT/);
  });

  test("makes no spill file when nothing is left", async () => {
    const { address } = await serve();
    const spill_file = join(temporaryDirectory(), "spill.jsonl");
    const log = quickLogger(address, { spill_file });
    log.append(accepted(0));
    expect(await log.close()).toBe(true);
    expect(existsSync(spill_file)).toBe(false);
  });

  test("has all rows of 32 appenders stored once", async () => {
    const { address, path } = await serve();
    const log = quickLogger(address);
    let next = 0;
    const appender = async () => {
      while (next < 10_000) {
        log.append(accepted(next++));
        if (next % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await Promise.all(Array.from({ length: 32 }, appender));
    expect(await log.close()).toBe(true);
    expect(ids(path)).toEqual(names(10_000));
    expect(log.stats()).toMatchObject({ appended: 10_000, duplicate: 0, dropped: 0 });
  });
});
