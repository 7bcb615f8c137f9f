import { describe, expect, test } from "vitest";
import { createRandom } from "../../support/random.js";
import { numbers, openTestJournal, PATH, row, rows, told } from "../support.js";

const STATE = "/data/sessions.state";

describe("a file that another program touches", () => {
  test("append goes to a new file before the ack when the file was deleted", async () => {
    const { journal, disk, log } = await openTestJournal();
    await journal.append([row(1)]);
    disk.delete(PATH);
    expect(await told(journal.append([row(2)]))).toEqual([2]);
    expect(numbers(disk.durable(PATH))).toEqual([2]);
    expect(disk.durable(STATE)?.toString()).toBe('{"first_sequence":2}\n');
    expect(log.text()).toContain("deleted");
  });

  test("append goes on from the file's real end after a copytruncate", async () => {
    const { journal, disk, log } = await openTestJournal();
    await journal.append([row(1), row(2)]);
    disk.cut(PATH, 0);
    expect(await told(journal.append([row(3)]))).toEqual([3]);
    expect(numbers(disk.durable(PATH))).toEqual([3]);
    expect(await told(journal.append([row(4)]))).toEqual([4]);
    expect(disk.durable(STATE)?.toString()).toBe('{"first_sequence":3}\n');
    expect(log.text()).toContain("cut the session log");
  });

  test("append sets a line aside that a cut in its middle left", async () => {
    const { journal, disk } = await openTestJournal();
    await journal.append([row(1), row(2)]);
    disk.cut(PATH, row(1).length + 5);
    expect(await told(journal.append([row(3)]))).toEqual([3]);
    expect(numbers(disk.durable(PATH))).toEqual([1, 3]);
  });

  test("append keeps its rows when another program writes whole lines to the file", async () => {
    const { journal, disk, log } = await openTestJournal();
    await journal.append([row(1)]);
    disk.append(PATH, row(100));
    expect(await told(journal.append([row(2)]))).toEqual([3]);
    expect(numbers(disk.durable(PATH))).toEqual([1, 100, 2]);
    expect(log.text()).toContain("another program writes");
  });

  test("append tells the sequence that its row has in the end when another program writes what is no row", async () => {
    const { journal, disk } = await openTestJournal();
    await journal.append([row(1)]);
    disk.append(PATH, Buffer.concat([row(100), Buffer.from("not JSON\n")]));
    expect(await told(journal.append([row(2)]))).toEqual([3]);
    expect(await told(journal.append([row(3)]))).toEqual([4]);
    expect(numbers(disk.durable(PATH))).toEqual([1, 100, 2, 3]);
  });

  test("append keeps its row when another program's line before it has no end", async () => {
    const { journal, disk } = await openTestJournal();
    await journal.append([row(1)]);
    disk.append(PATH, "no newline");
    expect(await told(journal.append([row(2), row(3)]))).not.toEqual("failed");
    expect(numbers(disk.durable(PATH))).toEqual(expect.arrayContaining([1, 2, 3]));
  });
});

describe("rotate", () => {
  test("rotate counts what another program has written before it gives the sealed file its name", async () => {
    const { journal, disk, log } = await openTestJournal();
    await journal.append([row(1), row(2)]);
    disk.append(PATH, `${row(100)}no row`);
    await journal.rotate();
    expect(disk.paths().filter((path) => path.endsWith("1-00000000000000000003.jsonl"))).toHaveLength(1);
    expect(await told(journal.append([row(3)]))).toEqual([4]);
    expect(log.text()).toContain("another program writes");
  });

  test("rotate that had no room for what it found gives no row another number", async () => {
    const { journal, disk, clock } = await openTestJournal();
    await journal.append([1, 2, 3, 4, 5].map((n) => row(n)));
    await journal.rotate();
    await journal.append([row(6), row(7), row(8)]);
    disk.append(PATH, `${row(100)}${row(101)}no row\n`);
    disk.capacity_bytes = 0;
    await journal.rotate();
    expect(journal.state).toBe("disk_full");
    disk.capacity_bytes = Number.POSITIVE_INFINITY;
    await clock.advance(1000);
    expect(await told(journal.append([row(9)]))).toEqual([11]);
    await journal.rotate();
    expect(disk.paths().filter((path) => path.endsWith("6-00000000000000000011.jsonl"))).toHaveLength(1);
  });

  test("rotate seals nothing that a crash makes longer again", async () => {
    const { journal, disk, clock } = await openTestJournal();
    await journal.append([row(1)]);
    disk.failNextWrite(20, PATH);
    await journal.append([row(2, 5000)]);
    await clock.advance(1000);
    expect(journal.state).toBe("open");
    const renamed = disk.operations.length;
    await journal.rotate();
    const sealed = disk.paths().find((path) => path.startsWith("/data/sessions-")) ?? "";
    expect(disk.operations.slice(renamed).map(({ kind }) => kind)).toContain("rename");
    for (let seed = 0; seed < 50; seed++) {
      const next = disk.afterCrash(createRandom(seed), "torn");
      expect(next.content(sealed)?.toString()).toBe(rows(1));
    }
  });
});
