import { expect, test } from "vitest";
import { cutTail, finishCut } from "../../../src/journal/active/repair.js";
import { journalNames } from "../../../src/journal/format.js";
import { createRandom } from "../../support/random.js";
import { CRASH_MODES, createSimulatedDisk, type SimulatedDisk } from "../../support/simulated_disk.js";
import { numbers, PATH, rows } from "../support.js";

const names = journalNames(PATH);
const TORN = `${PATH}.torn-19700101T000000.000Z`;

async function finish(disk: SimulatedDisk) {
  return finishCut(disk, names, await disk.open(PATH, "update"), await disk.list("/data"));
}

test("cutTail keeps what it cuts, byte for byte, and appends the rows behind it again", async () => {
  const disk = createSimulatedDisk();
  const tail = `bad\n${rows(2)}worse\n${rows(3)}torn`;
  disk.put(PATH, rows(1) + tail);
  const cut = await cutTail(disk, names, await disk.open(PATH, "update"), rows(1).length, 0);
  expect(cut).toEqual({ torn: TORN, bytes: tail.length, rows_kept: 2 });
  expect(disk.durable(PATH)?.toString()).toBe(rows(1, 2, 3));
  expect(disk.durable(TORN)?.toString()).toBe(tail);
});

test("cutTail that crashes at any operation leaves what finishCut completes, or the log as it was", async () => {
  const content = `${rows(1)}bad\n${rows(2, 3)}torn`;
  let crash_at = 1;
  for (let done = false; !done; crash_at++) {
    for (const mode of CRASH_MODES) {
      const disk = createSimulatedDisk();
      disk.put(PATH, content);
      const file = await disk.open(PATH, "update");
      disk.cutPowerAt(crash_at);
      done = await cutTail(disk, names, file, rows(1).length, 0).then(
        () => true,
        () => false,
      );
      const next = disk.afterCrash(createRandom(crash_at), mode);
      const finished = await finish(next);
      const expected = finished === undefined && !done && next.content(TORN) === undefined ? content : rows(1, 2, 3);
      expect(next.content(PATH)?.toString()).toBe(expected);
    }
  }
  expect(crash_at).toBeGreaterThan(10);
});

test("finishCut does nothing where no cut is under way", async () => {
  const disk = createSimulatedDisk();
  disk.put(PATH, rows(1));
  disk.put(TORN, "an older one");
  disk.put("/data/other.jsonl.torn-20260102T030405.000Z.cut-0", "another journal's");
  expect(await finish(disk)).toBeUndefined();
  expect(disk.content(PATH)?.toString()).toBe(rows(1));
});

test("finishCut gives the same however often it is begun", async () => {
  const disk = createSimulatedDisk();
  disk.put(PATH, rows(1, 2));
  disk.put(`${TORN}.cut-${rows(1).length}`, `bad\n${rows(2, 3)}`);
  await finish(disk);
  expect(numbers(disk.durable(PATH))).toEqual([1, 2, 3]);
  expect(await finish(disk)).toBeUndefined();
});

test("finishCut loses no row when the log was taken away meanwhile", async () => {
  const disk = createSimulatedDisk();
  disk.put(PATH, "");
  disk.put(`${TORN}.cut-${rows(1).length}`, `bad\n${rows(2, 3)}`);
  await finish(disk);
  expect(numbers(disk.durable(PATH))).toEqual([2, 3]);
});
