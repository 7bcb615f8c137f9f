// Two services under the same closed loop, in alternating windows. Each pair of windows has processes of its own: how one
// process was compiled and laid out would else be taken for the difference.

import { windowOf } from "../load/generator.mjs";
import { median, medianInterval } from "./figures.mjs";

/** By name, records a call. */
const WORKLOADS = { unary: 1, "batches of 100": 100 };
const FIGURES = ["records_per_second", "cpu_us_per_record"];

export const HEAD = ["", "this", "other", "this ÷ other", "95 % interval"];

/**
 * @param {{ this: () => Promise<object>, other: () => Promise<object> }} starts  each starts a server; see windowOf
 * @param {{ run: Function }} generator
 * @param {{ workload: string, pairs: number, seconds: number, warmup: number, calls: number, connections: number }} options
 *   workload: which ones, by the beginning of their names
 * @returns {Promise<string[][]>} rows for HEAD: medians over the pairs, and of the ratios with its 95 % interval
 */
export async function comparePairs(starts, generator, options) {
  const rows = [];
  for (const [workload, batch] of Object.entries(WORKLOADS)) {
    if (!workload.startsWith(options.workload)) continue;
    const pairs = [];
    for (let pair = 0; pair < options.pairs; pair += 1)
      pairs.push(await measurePair(starts, generator, batch, pair, options));
    for (const key of FIGURES) {
      const ratios = pairs.map((pair) => pair.this[key] / pair.other[key]);
      const [low, high] = medianInterval(ratios);
      const of = (name) => median(pairs.map((pair) => pair[name][key])).toFixed(1);
      const figures = [median(ratios), low, high].map((ratio) => ratio.toFixed(3));
      rows.push([`${workload}, ${key}`, of("this"), of("other"), figures[0], `${figures[1]} to ${figures[2]}`]);
    }
  }
  return rows;
}

/** The pair's order changes from one to the next, so that neither always comes second. */
async function measurePair(starts, generator, batch, pair, options) {
  const results = {};
  for (const name of pair % 2 === 0 ? ["this", "other"] : ["other", "this"]) {
    const server = await starts[name]();
    results[name] = await generator.run(windowOf(server, batch, options));
    await server.stop();
    if (results[name].acknowledged_in_all === 0) throw new Error(`${name}: nothing was stored; longer windows?`);
    if (results[name].failed > 0) throw new Error(`${name}: ${results[name].failed} calls failed\n${server.stderr()}`);
  }
  return results;
}
