// `npm run bench`: what the service's rate is made of. Servers, each a process, take turns under the same closed loop:
//   fsync            the service as it is by default
//   written          the service with durability "written"
//   nothing-written  the service whose journal does all but the disk's part: write and sync do nothing
//   no-journal       the service with appends that are answered at once: decoding, validation and the row are done
//   empty-handler    the same RPC, whose handler does nothing
// `npm run bench -- --suite rotation`: what rotation and dedupe cost:
//   unrotated        the service as it is by default
//   rotated          sealed every 10 MB
//   gzip             sealed every 10 MB, and compressed
//   no-dedupe        the service that looks for no repeated rows
// Prints medians over the rounds, and medians of the ratios within a round.
import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readOptions } from "../harness/options.mjs";
import { startServer, startService } from "../harness/server.mjs";
import { inTemporaryDirectory } from "../harness/temporary.mjs";
import { machine, median, table, whole } from "./lib/figures.mjs";
import { startGenerator, windowOf } from "./load/generator.mjs";

const options = readOptions({
  suite: "journal",
  rounds: 10,
  seconds: 1, // each window
  warmup: 0.3,
  calls: 128,
  connections: 4,
  "row-bytes": 960,
  dir: tmpdir(), // where the logs are written: the disk that is measured
  json: "", // a file for the figures
});
const on = machine();
const script = new URL("servers/variant.mjs", import.meta.url).pathname;
const workloads = { unary: 1, "batches of 100": 100 };

const every10MB = ["--rotation-max-bytes", "10000000"];

/** By name: how the variants are started, those that the others are compared with, and those whose acknowledged rows are counted in the log. */
const suites = {
  journal: {
    start: async (directory) => ({
      fsync: await startService(join(directory, "fsync.jsonl")),
      written: await startService(join(directory, "written.jsonl"), { args: ["--log-durability", "written"] }),
      "nothing-written": await startServer(script, ["nothing-written", join(directory, "nothing.jsonl")]),
      "no-journal": await startServer(script, ["no-journal"]),
      "empty-handler": await startServer(script, ["empty-handler"]),
    }),
    baselines: ["nothing-written", "empty-handler"],
    counted: ["fsync", "written"],
  },
  rotation: {
    start: async (directory) => ({
      unrotated: await startService(join(directory, "unrotated.jsonl")),
      rotated: await startService(join(directory, "rotated.jsonl"), { args: every10MB }),
      gzip: await startService(join(directory, "gzip.jsonl"), { args: [...every10MB, "--rotation-compress", "gzip"] }),
      "no-dedupe": await startServer(script, ["no-dedupe", join(directory, "no-dedupe.jsonl")]),
    }),
    baselines: ["unrotated", "no-dedupe"],
    counted: ["unrotated"],
  },
};

const suite = suites[options.suite];
if (suite === undefined) throw new Error(`no suite ${options.suite}; there are: ${Object.keys(suites).join(", ")}`);

/** Each round has another order, so that none of the variants always comes after the same one. */
async function measure(servers, generator) {
  const names = Object.keys(servers);
  const figures = {};
  const acknowledged = Object.fromEntries(names.map((name) => [name, 0]));
  for (const [workload, batch] of Object.entries(workloads)) {
    figures[workload] = Object.fromEntries(names.map((name) => [name, []]));
    // Round 0 warms the servers' code up and is not counted.
    for (let round = 0; round <= options.rounds; round += 1) {
      for (let turn = 0; turn < names.length; turn += 1) {
        const name = names[(turn + round) % names.length];
        const result = await generator.run(windowOf(servers[name], batch, options));
        if (result.failed > 0)
          throw new Error(`${name}, ${workload}: ${result.failed} calls failed\n${servers[name].stderr()}`);
        acknowledged[name] += result.acknowledged_in_all;
        if (round > 0) figures[workload][name].push(result);
      }
    }
  }
  return { figures, acknowledged };
}

function report(workload, byVariant) {
  const of = (name, key) => median(byVariant[name].map((result) => result[key]));
  const ratio = (name, other) =>
    median(
      byVariant[name].map((result, round) => result.records_per_second / byVariant[other][round].records_per_second),
    );
  const rows = Object.keys(byVariant).map((name) => [
    name,
    whole(of(name, "records_per_second")),
    of(name, "p50_ms").toFixed(2),
    of(name, "p99_ms").toFixed(2),
    of(name, "cpu_us_per_record").toFixed(1),
    `${whole(of(name, "server_busy") * 100)} %`,
    `${whole(of(name, "generator_busy") * 100)} %`,
    ...suite.baselines.map((baseline) => ratio(name, baseline).toFixed(2)),
  ]);
  const head = [
    workload,
    "records/s",
    "p50 ms",
    "p99 ms",
    "CPU µs/record",
    "server CPU",
    "generator CPU",
    ...suite.baselines.map((baseline) => `÷ ${baseline}`),
  ];
  console.log(`\n${table(head, rows)}`);
}

async function linesOf(file) {
  let lines = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 })) {
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines += 1;
  }
  return lines;
}

await inTemporaryDirectory(async (directory) => {
  console.log(
    `${on}\nclosed loop of ${options.calls} calls over ${options.connections} connections, distinct rows of ${options["row-bytes"]} bytes, ` +
      `${options.rounds} rounds of ${options.seconds} s\nload: bench/load, HTTP/2 frames written by hand, in a process of its own`,
  );
  const servers = await suite.start(directory);
  const generator = startGenerator(options["row-bytes"]);
  try {
    const { figures, acknowledged } = await measure(servers, generator);
    for (const [workload, byVariant] of Object.entries(figures)) report(workload, byVariant);
    const [first] = Object.keys(servers);
    const unary = figures.unary[first];
    const batches = figures["batches of 100"][first];
    const lever = median(batches.map((result, round) => result.records_per_second / unary[round].records_per_second));
    console.log(`\n${first}: batches of 100 ÷ unary = ${lever.toFixed(2)}`);
    for (const name of suite.counted) {
      await servers[name].stop();
      const lines = await linesOf(servers[name].path);
      console.log(`${name}: ${whole(acknowledged[name])} acknowledged, ${whole(lines)} lines in the log`);
      if (lines < acknowledged[name]) process.exitCode = 1;
    }
    if (options.json !== "") {
      await writeFile(
        options.json,
        `${JSON.stringify({ date: new Date().toISOString(), machine: on, options, figures }, null, 2)}\n`,
      );
    }
  } finally {
    generator.close();
    await Promise.all(Object.values(servers).map((server) => server.stop()));
  }
}, options.dir);
