import { execFile } from "node:child_process";
import { mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Skip } from "../harness/outcome.mjs";
import { startService } from "../harness/server.mjs";
import { checksumComplaints, createInspector, isSettled } from "./support/files.mjs";
import { createLedger } from "./support/ledger.mjs";
import { after, endWhenGone, retryOpen, startLoad, until } from "./support/load.mjs";
import { loopDevice, whileMounted } from "./support/mount.mjs";
import { createRecords } from "./support/records.mjs";

const run = promisify(execFile);
const args = ["--rotation-max-bytes", "256KiB", "--rotation-compress", "gzip"];
const IMAGE_BYTES = 96 * 1024 * 1024;
/** Further copies when the file system wrote on by itself while it was copied. */
const COPIES_MAX = 10;

/**
 * The power is cut: the service writes to an ext4 in an image file; it is stopped in the midst of load, the image is copied
 * as it is, and the copy is mounted, its journal replayed, and a service started on it.
 *
 * The loop device reads and writes the image directly, past the page cache. So the copy has what the file system has sent
 * to its disk, and not what only the page cache of the mounted ext4 has: nothing is synced before the copy. What it does not show
 * is a disk that loses or reorders unflushed writes.
 */
/** @type {import("../harness/outcome.mjs").Campaign} */
export const powerCut = {
  name: "power-cut",
  about: "ext4 in an image that is copied while the service stands still, mounted and checked",
  long_only: true,
  may_skip: true,
  async run({ long, random, directory }) {
    const cuts = long ? 20 : 3;
    const totals = await cutAgainAndAgain(join(directory, "synced"), cuts, random, args);
    // What the copies would show of a service that replies before it syncs: they have to lack rows.
    const control = await cutAgainAndAgain(join(directory, "written"), 3, random, [
      ...args,
      "--log-durability",
      "written",
    ]);
    const broken = totals.broken;
    if (control.missing === 0) broken.push("the control run, without syncs, lost nothing: the copies show too much");
    return {
      figures: {
        cuts,
        acknowledged: totals.acknowledged,
        "found in the last copy": totals.rows,
        missing: totals.missing,
        doubled: totals.doubled,
        unparsable: totals.unparsable,
        "torn ends": totals.torn,
        "lost by the control": control.missing,
      },
      broken,
    };
  },
};

/** One image and one service; each cut copies both as they are at that moment. */
async function cutAgainAndAgain(directory, cuts, random, serve_args) {
  await mkdir(directory);
  const image = join(directory, "image");
  const disk = join(directory, "disk");
  await makeFileSystem(image);
  const totals = { acknowledged: 0, rows: 0, missing: 0, doubled: 0, unparsable: 0, torn: 0, broken: [] };
  const ledger = createLedger();
  const next = createRecords("power");
  await loopDevice(image, (device) =>
    whileMounted(["-t", "ext4", device], disk, async () => {
      const server = await startService(join(disk, "sessions.jsonl"), { args: serve_args });
      let load;
      try {
        for (let cut = 0; cut < cuts; cut += 1) {
          load = startLoad(server.address, {
            ledger,
            next,
            unary: 12,
            batch: 2,
            batch_rows: 20,
            onRefusal: endWhenGone,
          });
          await after(random.int(200, 900));
          process.kill(server.pid, "SIGSTOP");
          const copy = join(directory, "copy");
          await copyStable(image, copy);
          // All that the service said before it was stopped has arrived by now.
          await after(50);
          const told = createLedger(ledger);
          process.kill(server.pid, "SIGCONT");
          load.stop();
          await load.ended;
          const found = await inspectCopy(copy, join(directory, "mounted"), told, serve_args);
          for (const what of ["missing", "doubled", "unparsable", "torn"]) totals[what] += found.figures[what];
          totals.acknowledged = found.figures.acknowledged;
          totals.rows = found.figures.rows;
          totals.broken.push(...found.broken.map((problem) => `cut ${cut}: ${problem}`));
          await rm(copy);
        }
      } finally {
        load?.stop();
        await server.stop();
      }
    }),
  );
  return totals;
}

async function makeFileSystem(image) {
  const file = await open(image, "w");
  await file.truncate(IMAGE_BYTES);
  await file.close();
  try {
    await run("mkfs.ext4", ["-q", "-F", image]);
  } catch (error) {
    throw new Skip(`no ext4 can be made: ${error.stderr ?? error.message}`);
  }
}

/** Copies the image until two copies in a row are the same: then it did not change while it was copied. */
async function copyStable(image, copy) {
  for (let copies = 0; copies < COPIES_MAX; copies += 1) {
    await run("cp", ["--sparse=always", image, copy]);
    const same = await run("cmp", ["--quiet", image, copy]).then(
      () => true,
      () => false,
    );
    if (same) return;
  }
  throw new Error(`the image changed during each of ${COPIES_MAX} copies`);
}

/** What the disk has after the cut, and once a service has been started on it and all that was not answered is sent again. */
async function inspectCopy(copy, directory, ledger, serve_args) {
  return whileMounted(["-t", "ext4", "-o", "loop", copy], directory, async () => {
    const path = join(directory, "sessions.jsonl");
    const broken = await checksumComplaints(path, "after the cut");
    const server = await startService(path, { args: serve_args });
    try {
      // With the rows that were acknowledged before the cut: none of them may be missing, whatever is sent again.
      await retryOpen(server.address, ledger);
      if ((await until(() => isSettled(path, true), 10_000)) === undefined) broken.push("sealed segments wait");
    } finally {
      const code = await server.stop();
      if (code !== 0) broken.push(`the service ended with ${code}`);
    }
    const { figures, broken: found } = await createInspector(path).inspect(ledger);
    const torn = (await readdir(directory)).filter((name) => name.includes(".torn-")).length;
    return { figures: { ...figures, torn }, broken: [...broken, ...found] };
  });
}
