import { expect, test } from "vitest";
import { probeSpace, writeGroup } from "../../../src/journal/active/group_writer.js";
import type { ActiveFile } from "../../../src/journal/disk/active_file.js";
import { createSimulatedDisk, type SimulatedDisk } from "../../support/simulated_disk.js";
import { PATH } from "../support.js";

async function openFile(disk: SimulatedDisk, content = "old\n"): Promise<ActiveFile> {
  disk.put(PATH, content);
  const file = await disk.open(PATH, "append");
  const { identity, size } = await file.status();
  return { file, identity, own: false, end: size, first_sequence: 1, rows: 1, written_at: 0 };
}

const bytes = Buffer.from("new row\n");

test("writeGroup stores the bytes durably and leaves active as it is", async () => {
  const disk = createSimulatedDisk();
  const active = await openFile(disk);
  const times = [1, 3, 8];
  const outcome = await writeGroup(active, bytes, true, () => times.shift() ?? 0);
  expect(outcome).toEqual({ kind: "stored", deleted: false, size: 12, write_ms: 2, sync_ms: 5 });
  expect(disk.durable(PATH)?.toString()).toBe("old\nnew row\n");
  expect(active.end).toBe(4);
});

test("writeGroup tells that the file was deleted", async () => {
  const disk = createSimulatedDisk();
  const active = await openFile(disk);
  disk.delete(PATH);
  expect(await writeGroup(active, bytes, true, Date.now)).toMatchObject({ kind: "stored", deleted: true });
});

test.each([[3], [0], ["ENOSPC"], ["EDQUOT"], ["EFBIG"]])(
  "writeGroup takes a write that ends with %j back",
  async (effect) => {
    const disk = createSimulatedDisk();
    const active = await openFile(disk);
    disk.failNextWrite(effect);
    expect(await writeGroup(active, bytes, true, Date.now)).toMatchObject({ kind: "no_space" });
    expect(disk.content(PATH)?.toString()).toBe("old\n");
  },
);

test("writeGroup fails for good when a sync fails, and says both when it cannot truncate either", async () => {
  const disk = createSimulatedDisk();
  const active = await openFile(disk);
  disk.failNextSync("EIO");
  disk.failNext("truncate", "EROFS");
  const outcome = await writeGroup(active, bytes, true, Date.now);
  expect(outcome).toMatchObject({ kind: "fatal", message: expect.stringMatching(/fdatasync failed: EIO.*EROFS/) });
  expect(disk.operations.filter(({ kind }) => kind === "sync")).toHaveLength(1);
});

test("writeGroup that is short leaves a file that another program cut meanwhile", async () => {
  const disk = createSimulatedDisk();
  const active = await openFile(disk);
  disk.failNextWrite(3);
  const status = disk.holdNext("fileStatus");
  const outcome = writeGroup(active, bytes, true, Date.now);
  await status.reached;
  disk.cut(PATH, 0);
  status.release();
  expect(await outcome).toMatchObject({ kind: "no_space" });
  expect(disk.content(PATH)?.length).toBe(0);
});

test("probeSpace leaves nothing behind", async () => {
  const disk = createSimulatedDisk();
  const active = await openFile(disk);
  expect(await probeSpace(active, 1000)).toBeUndefined();
  expect(disk.content(PATH)?.toString()).toBe("old\n");
  disk.failNextWrite(500);
  expect(await probeSpace(active, 1000)).toMatchObject({ kind: "no_space" });
  expect(disk.content(PATH)?.toString()).toBe("old\n");
});
