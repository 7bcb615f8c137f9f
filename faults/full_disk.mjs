import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { createApiClient } from "@sessionlog/client/rpc/api_client";
import { checkHealth } from "../harness/probe.mjs";
import { startService } from "../harness/server.mjs";
import { checksumComplaints, createInspector, isSettled } from "./support/files.mjs";
import { createLedger } from "./support/ledger.mjs";
import { after, againWhenFull, startLoad, until } from "./support/load.mjs";
import { whileMounted } from "./support/mount.mjs";
import { createShortRecords } from "./support/records.mjs";

const args = ["--rotation-max-bytes", "64KiB", "--rotation-compress", "gzip"];
const RECOVERY_MS = 5_000;

/** @type {import("../harness/outcome.mjs").Campaign} */
export const fullDisk = {
  name: "full-disk",
  about: "a file system of 1 MiB that is filled and freed under load",
  may_skip: true,
  run({ long, random, directory }) {
    const disk = join(directory, "disk");
    return whileMounted(["-t", "tmpfs", "-o", "size=1m", "sessionlog-full-disk"], disk, () =>
      fillAndFree(disk, random, long ? 20 : 3),
    );
  },
};

async function fillAndFree(disk, random, times) {
  const path = join(disk, "sessions.jsonl");
  const ledger = createLedger();
  const next = createShortRecords("full");
  const broken = [];
  const recoveries = [];
  let refused = 0;
  let server = await startService(path, { args });
  try {
    for (let time = 0; time < times && broken.length === 0; time += 1) {
      const client = createApiClient(server.address);
      const load = startLoad(server.address, {
        ledger,
        next,
        unary: 6,
        batch: 1,
        batch_rows: random.int(2, 8),
        pause_ms: 25,
        onRefusal: againWhenFull,
      });
      const ballast = keepFull(join(disk, "ballast"));
      const full = await until(async () => (await checkHealth(client, "", 5_000)).value === "NOT_SERVING", 10_000);
      if (full === undefined) broken.push("health did not become NOT_SERVING");
      await after(random.int(0, 1500));
      await ballast.free();
      const before = load.replies;
      const recovery = await until(() => load.replies > before, 10_000);
      recoveries.push(recovery ?? Infinity);
      if (!(recovery <= RECOVERY_MS))
        broken.push(`no append was accepted within ${RECOVERY_MS} ms of space being there`);
      const healthy = (await checkHealth(client, "", 5_000)).value;
      if (healthy !== "SERVING") broken.push(`health was ${healthy} after an append was accepted`);
      load.stop();
      await load.ended;
      client.close();
      refused += load.refusals.get("RESOURCE_EXHAUSTED") ?? 0;
    }
    const restart = await startWhileFull(server, disk, path);
    server = restart.server;
    broken.push(...restart.broken);
    if ((await until(() => isSettled(path, true), 10_000)) === undefined) broken.push("sealed segments wait");
  } finally {
    const code = await server.stop();
    if (code !== 0) broken.push(`the service ended with ${code}`);
  }
  const found = await createInspector(path).inspect(ledger);
  const slowest = Math.round(Math.max(...recoveries));
  const figures = { runs: times, ...found.figures, refused, "slowest recovery ms": slowest };
  if (refused === 0) broken.push("nothing was refused");
  return { figures, broken: [...broken, ...found.broken, ...(await checksumComplaints(path, "in the end"))] };
}

/** A start on a full disk waits until there is space. */
async function startWhileFull(running, disk, path) {
  const broken = [];
  const ballast = keepFull(join(disk, "ballast"));
  const code = await running.stop();
  if (code !== 0) broken.push(`on a full disk the service stopped with ${code}`);
  const starting = startService(path, { args });
  await Promise.race([after(2_500), starting.catch(() => undefined)]);
  await ballast.free();
  const freed = performance.now();
  const server = await starting;
  if (performance.now() - freed > RECOVERY_MS) broken.push("a start on a full disk did not end in time");
  return { server, broken };
}

/** Takes all space there is, also what becomes free meanwhile, until `free` is called. */
function keepFull(path) {
  let freed = false;
  const filling = fill();

  async function fill() {
    const file = await open(path, "a");
    try {
      while (!freed) {
        // A write on a full disk may end short without an error; the rest comes in the next round.
        await file.write(Buffer.alloc(4096, "ballast ")).catch((error) => {
          if (error.code !== "ENOSPC") throw error;
        });
        const { size } = await file.stat();
        if (size % 4096 !== 0) await file.truncate(size - (size % 4096));
        await after(size < 512 * 1024 ? 0 : 2);
      }
    } finally {
      await file.close();
    }
  }

  return {
    async free() {
      freed = true;
      await filling;
      await rm(path);
    },
  };
}
