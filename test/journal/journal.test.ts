import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { settled } from "../support/manual_clock.js";
import { createSimulatedDisk } from "../support/simulated_disk.js";
import { createTestJournal, MEBIBYTE, numbers, openTestJournal, PATH, row, told } from "./support.js";

const STATE = "/data/sessions.state";

describe("append", () => {
  test("append writes one line, syncs it, and only then tells its sequence", async () => {
    const { journal, disk } = await openTestJournal();
    const sync = disk.holdNext("sync", PATH);
    let done = false;
    const outcome = journal.append([row(1)]).finally(() => {
      done = true;
    });
    await sync.reached;
    await settled();
    expect(done).toBe(false);
    expect(numbers(disk.content(PATH))).toEqual([1]);
    expect(numbers(disk.durable(PATH))).toEqual([]);
    sync.release();
    expect(await outcome).toEqual({ kind: "appended", rows: [{ sequence: 1, duplicate: false }] });
    expect(numbers(disk.durable(PATH))).toEqual([1]);
  });

  test("append sends all that arrives during a sync in one write and one sync, in order", async () => {
    const { journal, disk } = await openTestJournal();
    const before = disk.operations.length;
    const sync = disk.holdNext("sync", PATH);
    const first = told(journal.append([row(1)]));
    await sync.reached;
    const others = [[row(2), row(3)], [row(4)], [row(5), row(6), row(7)]].map((lines) => told(journal.append(lines)));
    await settled();
    sync.release();
    expect(await first).toEqual([1]);
    expect(await Promise.all(others)).toEqual([[2, 3], [4], [5, 6, 7]]);
    expect(numbers(disk.durable(PATH))).toEqual([1, 2, 3, 4, 5, 6, 7]);
    const kinds = disk.operations.slice(before).map(({ kind }) => kind);
    expect(kinds).toEqual(["write", "sync", "fileStatus", "write", "sync", "fileStatus"]);
  });

  test("append goes out at once when nothing is under way", async () => {
    const { journal, clock } = await openTestJournal();
    const timers = clock.waiting;
    expect(await told(journal.append([row(1)]))).toEqual([1]);
    expect(clock.waiting).toBe(timers);
  });

  test("append never splits a call over groups of at most 8 MiB", async () => {
    const { journal, disk } = await openTestJournal();
    const sync = disk.holdNext("sync", PATH);
    const first = told(journal.append([row(1)]));
    await sync.reached;
    const before = disk.operations.length;
    const others = [2, 4, 6, 8].map((n) => told(journal.append([row(n, 2 * MEBIBYTE), row(n + 1, 1.5 * MEBIBYTE)])));
    sync.release();
    await first;
    expect(await Promise.all(others)).toEqual([
      [2, 3],
      [4, 5],
      [6, 7],
      [8, 9],
    ]);
    const writes = disk.operations.slice(before).filter(({ kind }) => kind === "write");
    expect(writes.map(({ bytes }) => bytes)).toEqual([7 * MEBIBYTE, 7 * MEBIBYTE]);
    expect(journal.queued).toEqual({ rows: 0, bytes: 0 });
  });

  test("append refuses more than 8 MiB in one call, and takes exactly 8 MiB", async () => {
    const { journal } = await openTestJournal();
    expect(await told(journal.append([row(1, 8 * MEBIBYTE)]))).toEqual([1]);
    expect(await told(journal.append([row(2, 4 * MEBIBYTE), row(3, 4 * MEBIBYTE + 1)]))).toBe("too_large");
    expect(await told(journal.append([row(4)]))).toEqual([2]);
  });

  test("append of no lines tells no sequences", async () => {
    const { journal } = await openTestJournal();
    expect(await told(journal.append([]))).toEqual([]);
    expect(await told(journal.append([row(1)]))).toEqual([1]);
  });

  test("append refuses at once beyond the queue's rows, counting those that are being written", async () => {
    const { journal, disk } = await openTestJournal({ queue_rows: 3 });
    const sync = disk.holdNext("sync", PATH);
    const first = told(journal.append([row(1)]));
    await sync.reached;
    expect(journal.queued).toEqual({ rows: 1, bytes: row(1).length });
    expect(await journal.append([row(2), row(3), row(4)])).toMatchObject({ kind: "queue_full", retry_after_ms: 100 });
    const second = told(journal.append([row(2), row(3)]));
    expect(await told(journal.append([row(4)]))).toBe("queue_full");
    sync.release();
    expect([await first, await second]).toEqual([[1], [2, 3]]);
    expect(await told(journal.append([row(4)]))).toEqual([4]);
  });

  test("append refuses at once beyond the queue's bytes", async () => {
    const { journal, disk } = await openTestJournal({ queue_bytes: 1000 });
    const sync = disk.holdNext("sync", PATH);
    const first = told(journal.append([row(1, 600)]));
    await sync.reached;
    expect(await told(journal.append([row(2, 401)]))).toBe("queue_full");
    const second = told(journal.append([row(3, 400)]));
    sync.release();
    expect([await first, await second]).toEqual([[1], [2]]);
    expect(numbers(disk.durable(PATH))).toEqual([1, 3]);
  });

  test("append with durability written is told after the write, without a sync", async () => {
    const { journal, disk } = await openTestJournal({ durability: "written" });
    const before = disk.operations.length;
    expect(await told(journal.append([row(1)]))).toEqual([1]);
    expect(disk.operations.slice(before).map(({ kind }) => kind)).toEqual(["write", "fileStatus"]);
    await journal.drain();
    expect(numbers(disk.durable(PATH))).toEqual([1]);
  });

  test("append is refused before the journal is open and after it is drained", async () => {
    const { journal } = createTestJournal();
    expect(await journal.append([row(1)])).toMatchObject({ kind: "opening", retry_after_ms: 1000 });
    await journal.open();
    await journal.drain();
    expect(await journal.append([row(1)])).toMatchObject({ kind: "draining", retry_after_ms: 1000 });
  });
});

describe("a disk that is full", () => {
  test.each([
    ["a short write", 10],
    ["ENOSPC", "ENOSPC"],
    ["EDQUOT", "EDQUOT"],
    ["EFBIG", "EFBIG"],
    ["a write of nothing", 0],
  ])("append refuses %s with disk_full and leaves the file as it was", async (_, effect) => {
    const { journal, disk, log } = await openTestJournal();
    await journal.append([row(1)]);
    disk.failNextWrite(effect, PATH);
    const before = disk.operations.length;
    expect(await journal.append([row(2), row(3)])).toMatchObject({ kind: "disk_full", retry_after_ms: 1000 });
    expect(journal.state).toBe("disk_full");
    expect(numbers(disk.content(PATH))).toEqual([1]);
    expect(disk.operations.slice(before).map(({ kind }) => kind)).not.toContain("sync");
    expect(log.text()).toContain("no room for the session log");
    expect(await told(journal.append([row(4)]))).toBe("disk_full");
    expect(journal.queued).toEqual({ rows: 0, bytes: 0 });
  });

  test("append refuses all that waits when the disk is full, and gives the sequences again later", async () => {
    const { journal, disk, clock } = await openTestJournal();
    const write = disk.holdNext("sync", PATH);
    const first = told(journal.append([row(1)]));
    await write.reached;
    disk.failNextWrite(5, PATH);
    const waiting = [2, 3].map((n) => told(journal.append([row(n, 5 * MEBIBYTE)])));
    write.release();
    expect([await first, ...(await Promise.all(waiting))]).toEqual([[1], "disk_full", "disk_full"]);
    await clock.advance(1000);
    expect(journal.state).toBe("open");
    expect(await told(journal.append([row(4)]))).toEqual([2]);
    expect(numbers(disk.durable(PATH))).toEqual([1, 4]);
  });

  test("the journal probes each second with as many blanks as were refused and recovers alone", async () => {
    const { journal, disk, clock } = await openTestJournal();
    const states: string[] = [];
    journal.onStateChange((state) => states.push(state));
    await journal.append([row(1)]);
    const used = disk.paths().reduce((sum, path) => sum + (disk.content(path)?.length ?? 0), 0);
    disk.capacity_bytes = used + 100;
    expect(await told(journal.append([row(2, 500)]))).toBe("disk_full");
    const before = disk.operations.length;
    await clock.advance(999);
    expect(disk.operations.length).toBe(before);
    await clock.advance(1);
    const probe = disk.operations.slice(before).filter(({ kind }) => kind === "write");
    expect(probe).toEqual([{ kind: "write", path: PATH, bytes: 500 }]);
    expect(journal.state).toBe("disk_full");
    expect(numbers(disk.content(PATH))).toEqual([1]);
    await clock.advance(2000);
    expect(disk.operations.slice(before).filter(({ kind }) => kind === "write")).toHaveLength(3);
    disk.capacity_bytes = Number.POSITIVE_INFINITY;
    await clock.advance(1000);
    expect(journal.state).toBe("open");
    expect(states).toEqual(["disk_full", "open"]);
    expect(numbers(disk.content(PATH))).toEqual([1]);
    expect(await told(journal.append([row(2, 500)]))).toEqual([2]);
    expect(numbers(disk.durable(PATH))).toEqual([1, 2]);
  });

  test("the probe writes at most 1 MiB", async () => {
    const { journal, disk, clock } = await openTestJournal();
    disk.failNextWrite("ENOSPC", PATH);
    await journal.append([row(1, 3 * MEBIBYTE)]);
    const before = disk.operations.length;
    await clock.advance(1000);
    const writes = disk.operations.slice(before).filter(({ kind }) => kind === "write");
    expect(writes.map(({ bytes }) => bytes)).toEqual([MEBIBYTE]);
  });

  test("the journal fails when it cannot truncate back", async () => {
    const { journal, disk } = await openTestJournal();
    disk.failNextWrite(10, PATH);
    disk.failNext("truncate", "EIO", PATH);
    expect(await told(journal.append([row(1)]))).toBe("failed");
    expect(journal.state).toBe("failed");
  });

  test("the journal fails when a probe cannot be taken back", async () => {
    const { journal, disk, clock } = await openTestJournal();
    disk.failNextWrite("ENOSPC", PATH);
    await journal.append([row(1)]);
    disk.failNext("truncate", "EIO", PATH);
    await clock.advance(1000);
    expect(journal.state).toBe("failed");
    expect(await told(journal.append([row(1)]))).toBe("failed");
  });

  test("drain on a full disk closes the journal and releases the lock", async () => {
    const { journal, disk } = await openTestJournal();
    await journal.append([row(1)]);
    disk.capacity_bytes = 0;
    expect(await told(journal.append([row(2)]))).toBe("disk_full");
    await journal.drain();
    expect(journal.state).toBe("closed");
    expect(await disk.lock(`${PATH}.lock`)).toBeDefined();
  });

  test("drain while a probe runs leaves the journal closed", async () => {
    const { journal, disk, clock } = await openTestJournal();
    disk.failNextWrite("ENOSPC", PATH);
    await journal.append([row(1)]);
    const probe = disk.holdNext("write", PATH);
    const advanced = clock.advance(1000);
    await probe.reached;
    const drained = journal.drain();
    await settled();
    probe.release();
    await Promise.all([advanced, drained]);
    expect(journal.state).toBe("closed");
    expect(await told(journal.append([row(2)]))).toBe("draining");
  });
});

describe("a sync that fails", () => {
  test("append acks nothing, syncs that file no more, truncates, and the journal has failed", async () => {
    const { journal, disk, log } = await openTestJournal();
    await journal.append([row(1)]);
    disk.failNextSync("EIO", PATH);
    const before = disk.operations.length;
    const waiting = [journal.append([row(2)]), journal.append([row(3)])];
    expect((await Promise.all(waiting)).map(({ kind }) => kind)).toEqual(["failed", "failed"]);
    expect(journal.state).toBe("failed");
    expect(log.entries.filter(({ level }) => level === "error")).toHaveLength(1);
    await journal.drain();
    expect(journal.state).toBe("failed");
    const kinds = disk.operations.slice(before).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "sync")).toHaveLength(1);
    expect(kinds).toContain("truncate");
    expect(numbers(disk.content(PATH))).toEqual([1]);
    expect(await told(journal.append([row(4)]))).toBe("failed");
    expect(journal.queued).toEqual({ rows: 0, bytes: 0 });
  });

  test("open writes rows again that only the page cache has", async () => {
    const { journal, disk } = await openTestJournal();
    await journal.append([row(1)]);
    disk.failNextSync("EIO", PATH);
    disk.failNext("truncate", "EIO", PATH);
    expect(await told(journal.append([row(2)]))).toBe("failed");
    const next = disk.afterCrash({ next: () => 0, below: () => 0, chance: () => false }, "killed");
    expect(numbers(next.content(PATH))).toEqual([1, 2]);
    expect(numbers(next.durable(PATH))).toEqual([1]);
    const restarted = await openTestJournal({ disk: next });
    expect(numbers(next.durable(PATH))).toEqual([1, 2]);
    expect(await told(restarted.journal.append([row(3)]))).toEqual([3]);
  });

  test("a group's sequences are given again after it failed", async () => {
    const { journal, disk } = await openTestJournal();
    await journal.append([row(1)]);
    disk.failNextSync("EIO", PATH);
    await journal.append([row(2)]);
    const next = disk.afterCrash({ next: () => 0, below: () => 0, chance: () => false }, "killed");
    const restarted = await openTestJournal({ disk: next });
    expect(await told(restarted.journal.append([row(3)]))).toEqual([2]);
  });

  test("a write that fails otherwise is final too", async () => {
    const { journal, disk } = await openTestJournal();
    disk.failNextWrite("EIO", PATH);
    expect(await told(journal.append([row(1)]))).toBe("failed");
    expect(journal.state).toBe("failed");
  });
});

describe("drain", () => {
  test("drain stores and answers everything that is queued, more than one group of it, and stays closed", async () => {
    const { journal, disk } = await openTestJournal();
    const sync = disk.holdNext("sync", PATH);
    const outcomes = [told(journal.append([row(1)]))];
    await sync.reached;
    for (const n of [2, 3, 4, 5]) outcomes.push(told(journal.append([row(n, 5 * MEBIBYTE)])));
    const drained = journal.drain();
    expect(journal.state).toBe("draining");
    expect(await told(journal.append([row(6)]))).toBe("draining");
    sync.release();
    await drained;
    expect(await Promise.all(outcomes)).toEqual([[1], [2], [3], [4], [5]]);
    expect(journal.state).toBe("closed");
    await settled();
    expect(disk.content(STATE)?.toString()).toBe('{"first_sequence":1,"next_sequence":6}\n');
    expect(disk.operations.at(-1)?.kind).toBe("release");
    const other = await openTestJournal({ disk });
    expect(other.journal.state).toBe("open");
  });

  test("drain answers as failed what cannot be synced any more", async () => {
    const { journal, disk } = await openTestJournal();
    const sync = disk.holdNext("sync", PATH);
    const first = told(journal.append([row(1)]));
    await sync.reached;
    const second = told(journal.append([row(2)]));
    const drained = journal.drain();
    disk.failNextSync("EIO", PATH);
    sync.release();
    await drained;
    expect([await first, await second]).toEqual([[1], "failed"]);
    expect(journal.state).toBe("failed");
  });

  test("drain while the journal opens ends with the lock released", async () => {
    const { journal, disk } = createTestJournal();
    const opening = disk.holdNext("syncDirectory");
    const opened = journal.open();
    await opening.reached;
    const drained = journal.drain();
    opening.release();
    await Promise.all([opened, drained]);
    expect(journal.state).toBe("closed");
    expect(await disk.lock(`${PATH}.lock`)).toBeDefined();
  });

  test("drain ends the wait for a directory that cannot be made", async () => {
    const { journal, disk } = createTestJournal();
    disk.put("/data", "a file");
    const opened = journal.open();
    await settled();
    await journal.drain();
    await opened;
    expect(journal.state).toBe("closed");
  });

  test("drain can be asked for twice, and without open", async () => {
    const { journal } = createTestJournal();
    await Promise.all([journal.drain(), journal.drain()]);
    expect(journal.state).toBe("closed");
  });
});

describe("open", () => {
  test("open waits for a late directory, says why once, and tries each second", async () => {
    const { journal, disk, clock, log } = createTestJournal();
    disk.put("/data", "a file");
    const opened = journal.open();
    await settled();
    await clock.advance(3000);
    expect(journal.state).toBe("opening");
    expect(log.entries.filter(({ level }) => level === "warn")).toHaveLength(1);
    expect(log.text()).toContain("/data: EEXIST");
    expect(disk.operations.filter(({ kind }) => kind === "makeDirectory")).toHaveLength(4);
    disk.delete("/data");
    await clock.advance(1000);
    await opened;
    expect(journal.state).toBe("open");
    expect(await told(journal.append([row(1)]))).toEqual([1]);
  });

  test("open says why the directory cannot be made", async () => {
    const { journal, disk, clock, log } = createTestJournal();
    disk.failNext("makeDirectory", "EROFS");
    const opened = journal.open();
    await settled();
    expect(log.text()).toContain("cannot be opened yet, trying each second: /data: EROFS");
    await clock.advance(1000);
    await opened;
  });

  test("open waits while there is no room, and changes nothing meanwhile", async () => {
    const disk = createSimulatedDisk();
    disk.put(PATH, Buffer.concat([row(1), Buffer.from('{"torn')]));
    disk.capacity_bytes = row(1).length + 6;
    const { journal, clock } = createTestJournal({ disk });
    const opened = journal.open();
    await settled();
    await clock.advance(2000);
    expect(journal.state).toBe("opening");
    expect(disk.content(PATH)?.toString()).toBe(`${row(1)}{"torn`);
    disk.capacity_bytes = Number.POSITIVE_INFINITY;
    await clock.advance(1000);
    await opened;
    expect(numbers(disk.durable(PATH))).toEqual([1]);
  });

  test("open fails while another holds the lock, naming the file", async () => {
    const first = await openTestJournal();
    const second = createTestJournal({ disk: first.disk });
    await expect(second.journal.open()).rejects.toThrow(/^\/data\/sessions\.jsonl\.lock: held by another process/);
    await first.journal.drain();
    const third = await openTestJournal({ disk: first.disk });
    expect(third.journal.state).toBe("open");
  });

  test("onStateChange tells every state in turn", async () => {
    const { journal } = createTestJournal();
    const states: string[] = [];
    journal.onStateChange((state) => states.push(state));
    await journal.open();
    await journal.drain();
    expect(states).toEqual(["open", "draining", "closed"]);
  });
});

describe("sequences", () => {
  test("sequences go on after a clean restart", async () => {
    const { journal, disk } = await openTestJournal();
    expect(await told(journal.append([row(1), row(2)]))).toEqual([1, 2]);
    await journal.drain();
    const restarted = await openTestJournal({ disk });
    expect(await told(restarted.journal.append([row(3)]))).toEqual([3]);
  });

  test("sequences go on after the active file was taken away while stopped", async () => {
    const { journal, disk } = await openTestJournal();
    await journal.append([row(1), row(2)]);
    await journal.drain();
    disk.move(PATH, "/data/taken");
    const restarted = await openTestJournal({ disk });
    expect(await told(restarted.journal.append([row(3)]))).toEqual([3]);
    await restarted.journal.drain();
    expect(disk.content(STATE)?.toString()).toBe('{"first_sequence":3,"next_sequence":4}\n');
  });

  test("sequences go on after the active file was taken away while running, and then a crash", async () => {
    const { journal, disk, clock } = await openTestJournal();
    await journal.append([row(1), row(2)]);
    disk.move(PATH, "/data/taken");
    await clock.advance(500);
    const next = disk.afterCrash({ next: () => 0, below: () => 0, chance: () => false }, "lost");
    const restarted = await openTestJournal({ disk: next });
    expect(await told(restarted.journal.append([row(3)]))).toEqual([3]);
  });
});

describe("look", () => {
  test("look begins a new file within a second after the active one was moved", async () => {
    const { journal, disk, clock, log } = await openTestJournal();
    await journal.append([row(1)]);
    disk.move(PATH, "/data/moved");
    expect(await told(journal.append([row(2)]))).toEqual([2]);
    await clock.advance(999);
    expect(log.text()).toContain("was moved");
    expect(await told(journal.append([row(3)]))).toEqual([3]);
    expect(numbers(disk.durable("/data/moved"))).toEqual([1, 2]);
    expect(numbers(disk.durable(PATH))).toEqual([3]);
    expect(disk.content(STATE)?.toString()).toBe('{"first_sequence":3}\n');
  });

  test("reopen goes on in a new file at once", async () => {
    const { journal, disk } = await openTestJournal();
    await journal.append([row(1)]);
    disk.move(PATH, "/data/moved");
    await journal.reopen();
    await journal.append([row(2)]);
    expect(numbers(disk.durable("/data/moved"))).toEqual([1]);
    expect(numbers(disk.durable(PATH))).toEqual([2]);
  });

  test("reopen leaves a file alone that is where it was", async () => {
    const { journal, disk } = await openTestJournal();
    await journal.append([row(1)]);
    await journal.reopen();
    expect(await told(journal.append([row(2)]))).toEqual([2]);
    expect(numbers(disk.durable(PATH))).toEqual([1, 2]);
  });

  test("look goes on in the directory that comes back after it was lost", async () => {
    const { journal, disk, clock } = await openTestJournal();
    await journal.append([row(1)]);
    disk.delete(PATH);
    disk.delete(`${PATH}.lock`);
    await clock.advance(500);
    expect(await told(journal.append([row(2)]))).toEqual([2]);
    expect(await disk.lock(`${PATH}.lock`)).toBeUndefined();
  });
});

test("observer gets torn ends, groups, refusals, duplicates, states and segments", async () => {
  const seen: unknown[] = [];
  const report =
    (what: string) =>
    (...values: readonly unknown[]) =>
      void seen.push([what, ...values]);
  const torn = createSimulatedDisk();
  torn.put(PATH, `${row(9)}{"sch`);
  const { journal, disk } = await openTestJournal({
    disk: torn,
    dedupe_rows: 10,
    compress: "gzip",
    retention: { max_age_ms: 0, max_segments: 1, max_bytes: 0 },
    observer: {
      groupStored: report("stored"),
      duplicateRows: report("duplicates"),
      appendRefused: report("refused"),
      stateChanged: report("state"),
      segmentSealed: report("sealed"),
      segmentCompressed: report("compressed"),
      segmentsRemoved: report("removed"),
      maintenanceFailed: report("maintenance failed"),
      tailTorn: report("torn"),
    },
  });
  const bytes = row(1).length;
  await journal.append([row(1), row(1), row(2)]);
  await journal.append([row(2)]);
  await journal.append([Buffer.alloc(9 * MEBIBYTE)]);
  await journal.rotate();
  await journal.append([row(3)]);
  await journal.rotate();
  for (let turns = 0; turns < 100_000 && !seen.flat().includes("removed"); turns++) await setImmediate();
  disk.failNextSync("EIO");
  await journal.append([row(4)]);
  const isOfSegment = ([what]: readonly unknown[]) => what === "compressed" || what === "removed";
  expect(seen.filter((each) => Array.isArray(each) && !isOfSegment(each))).toEqual([
    ["torn", 5],
    ["state", "open"],
    ["stored", 2, 2 * bytes, 0, 0],
    ["duplicates", 1],
    ["duplicates", 1],
    ["refused", "too_large"],
    ["sealed", 3, 3 * bytes],
    ["stored", 1, bytes, 0, 0],
    ["sealed", 1, bytes],
    ["state", "failed"],
    ["refused", "failed"],
  ]);
  expect(seen).toContainEqual(["compressed"]);
  expect(seen).toContainEqual(["removed", 1]);
});
