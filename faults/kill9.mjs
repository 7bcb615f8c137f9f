import { join } from "node:path";
import { startService } from "../harness/server.mjs";
import { checksumComplaints, createInspector, isSettled } from "./support/files.mjs";
import { createLedger } from "./support/ledger.mjs";
import { endWhenGone, retryOpen, startLoad, until } from "./support/load.mjs";
import { createRecords } from "./support/records.mjs";

const args = ["--rotation-max-bytes", "256KiB", "--rotation-compress", "gzip"];

/** @type {import("../harness/outcome.mjs").Campaign} */
export const kill9 = {
  name: "kill9",
  about: "SIGKILL in the middle of load, with rotation and compression; what was not answered is sent again",
  async run({ long, random, directory }) {
    const runs = long ? 200 : 10;
    const path = join(directory, "sessions.jsonl");
    const ledger = createLedger();
    const next = createRecords("kill9");
    const inspector = createInspector(path);
    const broken = [];
    let figures;
    let kills = 0;
    let retried = 0;
    for (let run = 0; run <= runs; run += 1) {
      const server = await startService(path, { args });
      try {
        retried += ledger.open.size;
        await retryOpen(server.address, ledger);
        if ((await until(() => isSettled(path, true), 10_000, 50)) === undefined) {
          broken.push("sealed segments still wait 10 s after a restart");
        }
        const found = await inspector.inspect(ledger);
        figures = found.figures;
        broken.push(...found.broken, ...(await checksumComplaints(path, "after a restart")));
        if (run === runs || broken.length > 0) {
          const code = await server.stop();
          if (code !== 0) broken.push(`the service ended with ${code}`);
          break;
        }
        const load = startLoad(server.address, { ledger, next, unary: 24, batch: 4, onRefusal: endWhenGone });
        setTimeout(server.kill, random.int(100, 700));
        await load.ended;
        kills += 1;
        broken.push(...(await checksumComplaints(path, "after SIGKILL")));
      } finally {
        await server.kill();
      }
    }
    return { figures: { kills, ...figures, retried, "duplicates told": ledger.duplicates }, broken };
  },
};
