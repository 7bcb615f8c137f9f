// What a change costs: the service of another checkout beside this one's, under the same closed loop, in alternating windows.
//   node bench/versions.mjs --other DIR [--pairs 20] [--seconds 2]     after `npm run build` in both
// Each pair has processes of its own: how one process was compiled and laid out would else be taken for the change.
// Prints this ÷ other per pair of windows: rows a second and the service's CPU a record, each a median with its 95 % interval
// (order statistics of the pairs).
import { join, resolve } from "node:path";
import { readOptions } from "../harness/options.mjs";
import { startServer } from "../harness/server.mjs";
import { inTemporaryDirectory } from "../harness/temporary.mjs";
import { machine, median, medianInterval, table } from "./lib/figures.mjs";
import { startGenerator, windowOf } from "./load/generator.mjs";

const options = readOptions({
  other: "",
  workload: "", // which ones, by the beginning of their names
  pairs: 20,
  seconds: 2, // each window
  warmup: 1,
  calls: 128,
  connections: 4,
  "row-bytes": 960,
});
if (options.other === "") throw new Error("--other is the directory of the checkout to compare with");

const checkouts = { this: new URL("..", import.meta.url).pathname, other: resolve(options.other) };
const workloads = Object.fromEntries(
  Object.entries({ unary: 1, "batches of 100": 100 }).filter(([name]) => name.startsWith(options.workload)),
);

function start(name, directory) {
  const serve = ["serve", "--listen", "127.0.0.1:0", "--path", join(directory, `${name}.jsonl`)];
  return startServer(join(checkouts[name], "dist/main.js"), serve, { cwd: directory });
}

/** The pair's order changes from one to the next, so that neither always comes second. */
async function measurePair(directory, generator, batch, pair) {
  const results = {};
  for (const name of pair % 2 === 0 ? ["this", "other"] : ["other", "this"]) {
    const server = await start(name, directory);
    results[name] = await generator.run(windowOf(server, batch, options));
    await server.stop();
    if (results[name].failed > 0) throw new Error(`${name}: ${results[name].failed} calls failed`);
  }
  return results;
}

await inTemporaryDirectory(async (directory) => {
  console.log(`${machine()}\n${options.pairs} pairs of windows of ${options.seconds} s; other: ${checkouts.other}`);
  const generator = startGenerator(options["row-bytes"]);
  const rows = [];
  for (const [workload, batch] of Object.entries(workloads)) {
    const pairs = [];
    for (let pair = 0; pair < options.pairs; pair += 1)
      pairs.push(await measurePair(directory, generator, batch, pair));
    for (const key of ["records_per_second", "cpu_us_per_record"]) {
      const ratios = pairs.map((pair) => pair.this[key] / pair.other[key]);
      const [low, high] = medianInterval(ratios);
      const of = (name) => median(pairs.map((pair) => pair[name][key])).toFixed(1);
      const figures = [median(ratios), low, high].map((ratio) => ratio.toFixed(3));
      rows.push([`${workload}, ${key}`, of("this"), of("other"), figures[0], `${figures[1]} to ${figures[2]}`]);
    }
  }
  generator.close();
  console.log(table(["", "this", "other", "this ÷ other", "95 % interval"], rows));
});
