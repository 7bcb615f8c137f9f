import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { startService } from "../harness/server.mjs";
import { createInspector } from "./support/files.mjs";
import { createLedger } from "./support/ledger.mjs";
import { startLoad } from "./support/load.mjs";
import { createRecords } from "./support/records.mjs";

/** @type {import("../harness/outcome.mjs").Campaign} */
export const oneWriter = {
  name: "one-writer",
  about: "two services race for one log; a stopped holder keeps it; a killed one has let it go",
  async run({ long, directory }) {
    const races = long ? 50 : 6;
    const holders = long ? 10 : 2;
    const path = join(directory, "sessions.jsonl");
    const ledger = createLedger();
    const next = createRecords("writer");
    const broken = [];
    for (let race = 0; race < races; race += 1) {
      // The one that is refused must not touch what the other has to repair.
      if (race % 2 === 1) await appendFile(path, '{"torn":');
      const starts = await Promise.all([attempt(path), attempt(path)]);
      const servers = starts.flatMap(({ server }) => server ?? []);
      try {
        if (servers.length !== 1) broken.push(`race ${race}: ${servers.length} of two serve`);
        broken.push(...starts.flatMap((start) => complaints(start, path)).map((problem) => `race ${race}: ${problem}`));
        for (const server of servers) await appendSome(server, ledger, next);
      } finally {
        await Promise.all(servers.map((server) => server.stop()));
      }
    }
    let slowest = 0;
    for (let holder = 0; holder < holders; holder += 1) {
      slowest = Math.max(slowest, await stopAndKill(path, ledger, next, broken));
    }
    const found = await createInspector(path).inspect(ledger);
    const figures = { races, "stopped holders": holders, "slowest start after SIGKILL ms": Math.round(slowest) };
    return { figures: { ...figures, ...found.figures }, broken: [...broken, ...found.broken] };
  },
};

async function stopAndKill(path, ledger, next, broken) {
  const holder = await startService(path);
  let heir;
  try {
    await appendSome(holder, ledger, next);
    process.kill(holder.pid, "SIGSTOP");
    const second = await attempt(path);
    if (second.server !== undefined) {
      broken.push("a second service got the log of a stopped one");
      await second.server.stop();
    }
    broken.push(...complaints(second, path));
    process.kill(holder.pid, "SIGCONT");
    await appendSome(holder, ledger, next);
    const killed = performance.now();
    void holder.kill();
    heir = await attempt(path);
    const took = performance.now() - killed;
    if (heir.server === undefined) broken.push(`a start right after SIGKILL: ${heir.message}`);
    else await appendSome(heir.server, ledger, next);
    return took;
  } finally {
    await holder.kill();
    await heir?.server?.stop();
  }
}

/**
 * A start that may be refused.
 * @param {string} path
 * @param {Parameters<typeof startService>[1]} [options]
 */
export async function attempt(path, options) {
  try {
    return { server: await startService(path, options) };
  } catch ({ exit, message }) {
    return { exit, message };
  }
}

/** What is wrong with how a service was refused. */
function complaints({ server, exit, message }, path) {
  if (server !== undefined) return [];
  return [
    ...(exit === 1 ? [] : [`the other ended with ${exit}, expected 1`]),
    ...(message.includes(`${path}.lock`) ? [] : [`the other does not name the lock: ${message}`]),
  ];
}

async function appendSome({ address }, ledger, next) {
  const onRefusal = ({ code_name, message }) => {
    throw new Error(`an append ended with ${code_name}: ${message}`);
  };
  await startLoad(address, { ledger, next, unary: 2, calls_max: 10, onRefusal }).ended;
}
