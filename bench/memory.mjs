// `node bench/memory.mjs [--records 200000] [--workload NAME]`: resident memory and queue while so many rows are appended at full
// load, then while callers offer more than the queue may hold.
import { join } from "node:path";
import { readOptions } from "../harness/options.mjs";
import { startServer } from "../harness/server.mjs";
import { inTemporaryDirectory } from "../harness/temporary.mjs";
import { machine, table, whole } from "./lib/figures.mjs";
import { quarters, watchMemory } from "./lib/memory.mjs";
import { startGenerator } from "./load/generator.mjs";

const { records, workload } = readOptions({
  records: 200_000,
  workload: "", // which ones, by the beginning of their names
});
const script = new URL("servers/variant.mjs", import.meta.url).pathname;
const loads = {
  unary: { batch: 1, calls: 128, queue_rows: 65_536 },
  "batches of 100": { batch: 100, calls: 128, queue_rows: 65_536 },
  "batches of 100, small queue": { batch: 100, calls: 128, queue_rows: 1000 },
};

async function measure(name, { batch, calls, queue_rows }, directory, generator) {
  const server = await startServer(script, ["watched", join(directory, "sessions.jsonl"), String(queue_rows)]);
  try {
    const stopWatching = watchMemory(server.pid);
    const { address, pid } = server;
    const result = await generator.run({
      address,
      pid,
      batch,
      calls,
      connections: 4,
      warmup_ms: 0,
      duration_ms: 900_000,
      records,
    });
    const seen = stopWatching();
    await server.stop();
    const { rows, bytes, refused } = lastQueueLine(server.stderr());
    const most = `${whole(rows)} rows, ${(bytes / 1024 / 1024).toFixed(1)} MiB`;
    const flat = quarters(seen).map(whole).join(" ");
    return [
      name,
      whole(queue_rows),
      whole(result.acknowledged_in_all),
      whole(refused),
      whole(seen[0]),
      flat,
      whole(Math.max(...seen)),
      most,
    ];
  } finally {
    await server.stop();
  }
}

/** What the watched journal said when it was drained. */
function lastQueueLine(log) {
  const lines = log.split("\n").filter((line) => line.includes('"queued at most"'));
  return JSON.parse(lines[lines.length - 1]);
}

console.log(`${machine()}; ${whole(records)} rows offered in each run`);
const generator = startGenerator(960);
const rows = [];
try {
  for (const [name, load] of Object.entries(loads).filter(([each]) => each.startsWith(workload))) {
    rows.push(await inTemporaryDirectory((directory) => measure(name, load, directory, generator)));
  }
} finally {
  generator.close();
}
const head = [
  "load",
  "queue_rows",
  "stored",
  "refused",
  "MB at start",
  "MB at most, by quarter",
  "MB at most",
  "queued at most",
];
console.log(table(head, rows));
