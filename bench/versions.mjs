// What a change costs: the service of another checkout beside this one's, under the same closed loop, in alternating windows.
//   node bench/versions.mjs --other DIR [--pairs 20] [--seconds 2]     after `npm run build` in both
// Prints this ÷ other per pair of windows: rows a second and the service's CPU a record, each a median with its 95 % interval
// (order statistics of the pairs).
import { join, resolve } from "node:path";
import { readOptions } from "../harness/options.mjs";
import { startServer } from "../harness/server.mjs";
import { inTemporaryDirectory } from "../harness/temporary.mjs";
import { machine, table } from "./lib/figures.mjs";
import { comparePairs, HEAD } from "./lib/pairs.mjs";
import { startGenerator } from "./load/generator.mjs";

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

await inTemporaryDirectory(async (directory) => {
  console.log(`${machine()}\n${options.pairs} pairs of windows of ${options.seconds} s; other: ${checkouts.other}`);
  const start = (name) => () => {
    const serve = ["serve", "--listen", "127.0.0.1:0", "--path", join(directory, `${name}.jsonl`)];
    return startServer(join(checkouts[name], "dist/main.js"), serve, { cwd: directory });
  };
  const generator = startGenerator(options["row-bytes"]);
  const rows = await comparePairs({ this: start("this"), other: start("other") }, generator, options);
  generator.close();
  console.log(table(HEAD, rows));
});
