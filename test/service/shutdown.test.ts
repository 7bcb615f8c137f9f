import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createShutdown } from "../../src/service/shutdown.js";
import { createFakeJournal, type FakeJournal } from "../support/journal.js";
import { collectLogs } from "../support/server.js";

describe("createShutdown", () => {
  let journal: FakeJournal;
  let steps: string[];
  let closeConnections: () => void;
  beforeEach(() => {
    vi.useFakeTimers();
    journal = createFakeJournal();
    journal.enter("open");
    steps = [];
    closeConnections = () => {};
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function start() {
    const { logger, logs } = collectLogs();
    const closed = new Promise<void>((resolve) => {
      closeConnections = resolve;
    });
    const rpc = {
      setServing: (serving: boolean) => void steps.push(`serving ${serving}`),
      endStreams: () => void steps.push("end streams"),
      close: () => {
        steps.push("close");
        return closed;
      },
      kill: () => void steps.push("kill"),
    };
    const watched = {
      ...journal,
      get queued() {
        return journal.queued;
      },
      drain: () => {
        steps.push("drain");
        return journal.drain();
      },
    };
    return { shutdown: createShutdown({ rpc, journal: watched, logger, drain_timeout_ms: () => 1_000 }), logs };
  }

  test("takes health down, ends streams, drains the journal, closes connections, ends with 0", async () => {
    const { shutdown } = start();
    expect(shutdown.begun).toBe(false);
    shutdown.stop();
    expect(shutdown.begun).toBe(true);
    await vi.waitFor(() => expect(steps).toContain("close"));
    closeConnections();
    expect(await shutdown.code).toBe(0);
    expect(steps).toEqual(["serving false", "end streams", "drain", "close", "kill"]);
  });

  test.each([
    ["a second signal", (stop: () => void) => stop()],
    ["drain_timeout is over", () => vi.advanceTimersByTime(1_000)],
  ])("ends with 1, telling how many rows were dropped: %s", async (reason, happens) => {
    const { shutdown, logs } = start();
    journal.hold();
    void journal.append([Buffer.from("{}\n"), Buffer.from("{}\n")]);
    shutdown.stop();
    happens(shutdown.stop);
    expect(await shutdown.code).toBe(1);
    expect(logs.at(-1)).toMatchObject({ level: 50, reason, dropped_rows: 2 });
    expect(steps).toEqual(["serving false", "end streams", "drain", "kill"]);
    journal.release();
  });

  test("cuts clients off at the timeout, and still ends with 0 when every row is stored", async () => {
    const { shutdown, logs } = start();
    shutdown.stop();
    await vi.waitFor(() => expect(steps).toContain("close"));
    vi.advanceTimersByTime(1_000);
    expect(await shutdown.code).toBe(0);
    expect(logs.at(-1)).toMatchObject({ level: 40, reason: "drain_timeout is over" });
  });

  test("ends with 1 when the journal fails, after a short time for answers", async () => {
    const { shutdown, logs } = start();
    shutdown.fail("fdatasync: EIO");
    expect(logs.at(-1)).toMatchObject({ level: 60, msg: "fdatasync: EIO" });
    expect(steps).toEqual(["serving false", "end streams", "close"]);
    vi.advanceTimersByTime(1_000);
    expect(await shutdown.code).toBe(1);
    expect(steps.at(-1)).toBe("kill");
  });

  test("ends with 1 when the journal fails while it drains", async () => {
    const { shutdown } = start();
    journal.hold();
    shutdown.stop();
    shutdown.fail("fdatasync: EIO");
    closeConnections();
    expect(await shutdown.code).toBe(1);
    journal.release();
  });

  test("ends once: what comes later changes nothing", async () => {
    const { shutdown } = start();
    shutdown.fail("first");
    closeConnections();
    expect(await shutdown.code).toBe(1);
    const steps_before = [...steps];
    shutdown.stop();
    shutdown.fail("again");
    expect(steps).toEqual(steps_before);
  });
});
