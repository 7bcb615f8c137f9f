import { join } from "node:path";
import { createApiClient } from "@sessionlog/client/rpc/api_client";
import { checkHealth } from "../harness/probe.mjs";
import { startService } from "../harness/server.mjs";
import { createInspector } from "./support/files.mjs";
import { createLedger } from "./support/ledger.mjs";
import { againWhenFull, startLoad, until } from "./support/load.mjs";
import { createRecords } from "./support/records.mjs";
import { readTrace, underStrace } from "./support/strace.mjs";

const RECOVERY_MS = 5_000;

/** @type {import("../harness/outcome.mjs").Campaign} */
export const writeError = {
  name: "write-error",
  about: "writes to the log fail with ENOSPC, EDQUOT or EINTR",
  async run({ long, random, directory }) {
    const codes = long ? ["ENOSPC", "EDQUOT", "EFBIG", "ENOSPC", "EDQUOT", "ENOSPC"] : ["ENOSPC", "EDQUOT"];
    const total = { runs: codes.length + 1, acknowledged: 0, rows: 0, refused: 0, "slowest recovery ms": 0 };
    const broken = [];
    for (const [run, code] of codes.entries()) {
      const first = random.int(2, 40);
      // The refused group, then the probes, one each second.
      const when = `${first}..${first + random.int(0, 3)}`;
      await add(`${code}, writes ${when}`, failWrites(directory, `log-${run}`, `${code}:when=${when}`, true));
    }
    // Every third write is interrupted before it stores anything.
    await add("EINTR, every third write", failWrites(directory, "eintr", "EINTR:when=1+3", false));
    return { figures: total, broken };

    async function add(what, work) {
      try {
        const result = await work;
        total.acknowledged += result.found.figures.acknowledged;
        total.rows += result.found.figures.rows;
        total.refused += result.refused;
        total["slowest recovery ms"] = Math.max(total["slowest recovery ms"], result.recovery_ms);
        broken.push(...[...result.found.broken, ...result.broken].map((problem) => `${what}: ${problem}`));
      } catch (error) {
        broken.push(`${what}: ${error.message}`);
      }
    }
  },
};

async function failWrites(directory, name, error, refuses) {
  const path = join(directory, `${name}.jsonl`);
  const trace = join(directory, `${name}.trace`);
  const ledger = createLedger();
  const inject = ["-P", path, "-e", "trace=pwrite64,write,writev,pwritev", "-e", `inject=pwrite64:error=${error}`];
  const server = await startService(path, underStrace(trace, inject));
  const broken = [];
  let recovery_ms = 0;
  let load;
  try {
    const next = createRecords(name);
    load = startLoad(server.address, { ledger, next, unary: 4, batch: 1, pause_ms: 2, onRefusal: againWhenFull });
    if (refuses) {
      broken.push(...(await watchHealth(server.address, load)));
      const recovered = server.stderr().match(/"time":"([^"]*)"[^\n]*there is room/)?.[1];
      const last = (await readTrace(trace)).findLast((call) => call.injected);
      recovery_ms = Math.round(Date.parse(recovered ?? "") - (last?.time_ms ?? 0));
      if (!(recovery_ms <= RECOVERY_MS)) broken.push(`did not recover within ${RECOVERY_MS} ms of the last failure`);
    } else if ((await until(() => load.replies > 300, 20_000)) === undefined) {
      broken.push("too few replies in 20 s");
    }
    load.stop();
    await load.ended;
  } finally {
    load?.stop();
    const code = await server.stop();
    if (code !== 0) broken.push(`the service ended with ${code}`);
  }
  const injected = (await readTrace(trace)).filter((call) => call.injected).length;
  if (injected === 0) broken.push("no write failed");
  const refused = load.refusals.get("RESOURCE_EXHAUSTED") ?? 0;
  if (refuses !== refused > 0) broken.push(`${refused} calls were refused`);
  return { found: await createInspector(path).inspect(ledger), broken, refused, recovery_ms };
}

/** Health has to become NOT_SERVING, and then SERVING with replies going on. */
async function watchHealth(address, load) {
  const client = createApiClient(address);
  const health = async () => (await checkHealth(client, "", 5_000)).value;
  try {
    if ((await until(async () => (await health()) === "NOT_SERVING", 15_000)) === undefined) {
      return ["health did not become NOT_SERVING"];
    }
    if ((await until(async () => (await health()) === "SERVING", 15_000)) === undefined) {
      return ["health did not become SERVING again"];
    }
    const before = load.replies;
    const goes_on = await until(() => load.replies > before + 50, 10_000);
    return goes_on === undefined ? ["no replies after health was SERVING again"] : [];
  } finally {
    client.close();
  }
}
