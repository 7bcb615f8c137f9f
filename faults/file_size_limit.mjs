import { rename } from "node:fs/promises";
import { join } from "node:path";
import { createApiClient } from "@sessionlog/client/rpc/api_client";
import { checkHealth } from "../harness/probe.mjs";
import { startService } from "../harness/server.mjs";
import { createInspector } from "./support/files.mjs";
import { createLedger } from "./support/ledger.mjs";
import { againWhenFull, startLoad, until } from "./support/load.mjs";
import { createRecords } from "./support/records.mjs";

const LIMIT_KIB = 200;
const RECOVERY_MS = 5_000;

/** @type {import("../harness/outcome.mjs").Campaign} */
export const fileSizeLimit = {
  name: "file-size-limit",
  about: "under `ulimit -f` the log meets its limit in the midst of a write, and is moved away by the operator",
  async run({ long, directory }) {
    const times = long ? 10 : 2;
    const path = join(directory, "sessions.jsonl");
    const prefix = ["bash", "-c", `ulimit -f ${LIMIT_KIB}; exec "$@"`, "bash"];
    const ledger = createLedger();
    const broken = [];
    const moved = [];
    let slowest = 0;
    let refused = 0;
    const server = await startService(path, { prefix });
    const client = createApiClient(server.address);
    const health = async () => (await checkHealth(client, "", 5_000)).value;
    const options = { ledger, next: createRecords("limit"), unary: 8, batch: 1, batch_rows: 20, pause_ms: 2 };
    const load = startLoad(server.address, { ...options, onRefusal: againWhenFull });
    try {
      for (let time = 0; time < times && broken.length === 0; time += 1) {
        if ((await until(async () => (await health()) === "NOT_SERVING", 15_000)) === undefined) {
          broken.push("health did not become NOT_SERVING");
        }
        const aside = join(directory, `moved-${time}.jsonl`);
        await rename(path, aside);
        moved.push(aside);
        const recovery = await until(async () => (await health()) === "SERVING", 10_000);
        slowest = Math.max(slowest, recovery ?? Infinity);
        if (!(recovery <= RECOVERY_MS)) broken.push(`did not serve within ${RECOVERY_MS} ms`);
      }
    } finally {
      load.stop();
      await load.ended.catch((error) => broken.push(error.message));
      client.close();
      const code = await server.stop();
      if (code !== 0) broken.push(`the service ended with ${code}`);
      refused = load.refusals.get("RESOURCE_EXHAUSTED") ?? 0;
    }
    const found = await createInspector(path, moved).inspect(ledger);
    const figures = { runs: times, ...found.figures, refused, "slowest recovery ms": Math.round(slowest) };
    return { figures, broken: [...broken, ...found.broken] };
  },
};
