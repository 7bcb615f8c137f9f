// `node bench/profile.mjs`: where the service's time goes under load, by the package whose code was running.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { readOptions } from "../harness/options.mjs";
import { startService } from "../harness/server.mjs";
import { inTemporaryDirectory } from "../harness/temporary.mjs";
import { machine, table, whole } from "./lib/figures.mjs";
import { startGenerator } from "./load/generator.mjs";

const { batch, seconds } = readOptions({ batch: 1, seconds: 10 });
const on = machine();

/** @returns {string} what a frame's code belongs to */
function owner({ url, functionName }) {
  // ajv compiles a schema into functions of these names, which belong to no file.
  if (/^validate\d+$/.test(functionName)) return "ajv";
  if (url === "") return functionName.startsWith("(") ? functionName : "native code called from JavaScript";
  const dependency = url.split("/node_modules/").at(-1);
  if (url.includes("/node_modules/"))
    return dependency
      .split("/")
      .slice(0, dependency.startsWith("@") ? 2 : 1)
      .join("/");
  if (url.includes("/dist/")) return `sessionlog ${url.split("/dist/")[1].split("/")[0]}/`;
  return /http2/.test(url)
    ? "node:http2"
    : /stream|net|events|timers|process|async|promise|buffer/.test(url)
      ? "node: streams, net, timers"
      : "node: other";
}

/** Self time by owner, in µs; idle time apart. */
function summarise({ nodes, samples, timeDeltas }) {
  const owners = new Map(nodes.map((node) => [node.id, owner(node.callFrame)]));
  const times = new Map();
  for (const [index, id] of samples.entries()) {
    const name = owners.get(id);
    times.set(name, (times.get(name) ?? 0) + timeDeltas[index]);
  }
  times.delete("(idle)");
  return times;
}

await inTemporaryDirectory(async (directory) => {
  const execArgv = ["--cpu-prof", "--cpu-prof-dir", directory];
  const server = await startService(join(directory, "sessions.jsonl"), { execArgv });
  const generator = startGenerator(960);
  let records;
  try {
    const { address, pid } = server;
    const load = { address, pid, batch, calls: 128, connections: 4, warmup_ms: 500, duration_ms: seconds * 1000 };
    const result = await generator.run(load);
    records = result.acknowledged_in_all;
  } finally {
    generator.close();
    await server.stop(60_000);
  }
  const name = (await readdir(directory)).find((file) => file.endsWith(".cpuprofile"));
  const times = summarise(JSON.parse(await readFile(join(directory, name), "utf8")));
  const total = [...times.values()].reduce((sum, time) => sum + time, 0);
  const rows = [...times]
    .sort(([, a], [, b]) => b - a)
    .filter(([, time]) => time / total >= 0.005)
    .map(([owner_name, time]) => [owner_name, `${((time / total) * 100).toFixed(1)} %`, (time / records).toFixed(2)]);
  console.log(`${on}, batches of ${batch}, ${whole(records)} records; idle time left out`);
  console.log(table(["where", "share", "µs/record"], rows));
});
