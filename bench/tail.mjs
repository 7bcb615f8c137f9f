// `node bench/tail.mjs`: what those who follow the log see and cost; after `npm run build`.
//   latency  rows at a steady rate; from a row's ack to its line from `sessionlog tail --follow`, read from a pipe
//   cost     the closed loop of `npm run bench` against one service, while tails are open that pass no row, one that gets
//            every row, and one that reads the whole log again and again
// Prints medians over the rounds, and medians of the ratios within a round.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { createApiClient } from "@sessionlog/client/rpc/api_client";
import { readOptions } from "../harness/options.mjs";
import { startService } from "../harness/server.mjs";
import { inTemporaryDirectory } from "../harness/temporary.mjs";
import { machine, median, p99, table, whole } from "./lib/figures.mjs";
import { startGenerator } from "./load/generator.mjs";
import { createBodies } from "./load/records.mjs";

const options = readOptions({
  rounds: 16,
  seconds: 1.5, // each window
  rate: 1_000, // rows a second for the latency
  "latency-seconds": 10,
  calls: 128,
  connections: 4,
  "row-bytes": 960,
  "history-rows": 200_000, // in the log before the cost is measured
});
const main = new URL("../dist/main.js", import.meta.url).pathname;
/** Every row that is appended is a fill. */
const NO_ROW = { kinds: ["playbook"] };
const TURN_MS = 10;

/** @returns {Promise<number[]>} the milliseconds of each row; below 0 when it was printed before its ack was read */
async function measureLatency(address) {
  const tail = spawn(process.execPath, [main, "tail", "--follow", "-n", "0", "--address", address], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const printed_ms = new Map();
  createInterface({ input: tail.stdout }).on("line", (line) => {
    printed_ms.set(/"session_id":"([^"]+)"/.exec(line)[1], performance.now());
  });
  const client = createApiClient(address);
  const nextBody = createBodies(options["row-bytes"], `${Date.now().toString(16)}a`);
  const acked_ms = new Map();
  const append = async () => {
    const reply = await client.unary("/sessionlog.v1.SessionLog/AppendSession", nextBody(1).subarray(5));
    if (!reply.ok) throw new Error(reply.message);
    // AppendSessionResponse.session_id: field 1.
    acked_ms.set(reply.value.subarray(2, 2 + reply.value[1]).toString(), performance.now());
  };
  // Until it prints, it does not follow yet.
  while (printed_ms.size === 0) await Promise.all([append(), sleep(50)]);
  acked_ms.clear();
  const began_ms = performance.now();
  const calls = [];
  for (let sent = 0; sent < options.rate * options["latency-seconds"]; await sleep(TURN_MS)) {
    const due = ((performance.now() - began_ms) * options.rate) / 1_000;
    for (; sent < due; sent += 1) calls.push(append());
  }
  await Promise.all(calls);
  const missing = () => [...acked_ms.keys()].filter((id) => !printed_ms.has(id)).length;
  for (const end_ms = performance.now() + 10_000; missing() > 0 && performance.now() < end_ms; ) await sleep(20);
  if (missing() > 0) throw new Error(`${missing()} rows were not printed`);
  client.close();
  tail.kill();
  return [...acked_ms].map(([id, ms]) => printed_ms.get(id) - ms);
}

/** What is open during a window, by name: requests, and whether they are made again when they end. */
const variants = {
  "no tail": [],
  "10 idle": Array.from({ length: 10 }, () => ({ ...NO_ROW, follow: true })),
  "1 that gets all": [{ follow: true }],
  "1 that reads all": [{ ...NO_ROW, from_sequence: 1 }],
};

/** Opens tails; returns what closes them. */
function openTails(address, requests) {
  const stop = new AbortController();
  const clients = requests.map(() => createApiClient(address));
  const read = async (client, request) => {
    do {
      for await (const _ of client.tail(request, stop));
    } while (!stop.signal.aborted);
  };
  const reading = requests.map((request, index) => read(clients[index], request));
  return async () => {
    stop.abort();
    await Promise.all(reading);
    for (const client of clients) client.close();
  };
}

async function measureCost({ address, pid }, generator) {
  const load = { address, pid, batch: 1, calls: options.calls, connections: options.connections };
  await generator.run({ ...load, batch: 100, warmup_ms: 0, duration_ms: 120_000, records: options["history-rows"] });
  const names = Object.keys(variants);
  const results = Object.fromEntries(names.map((name) => [name, []]));
  // Round 0 warms the service up and is not counted.
  for (let round = 0; round <= options.rounds; round += 1) {
    // Another order each round, and in half of them the other way round: none always comes after the same one.
    const turned = names.map((_, turn) => names[(turn + (round >> 1)) % names.length]);
    for (const name of round % 2 === 0 ? turned : turned.toReversed()) {
      const close = openTails(address, variants[name]);
      const result = await generator.run({ ...load, warmup_ms: 300, duration_ms: options.seconds * 1_000 });
      await close();
      if (result.failed > 0) throw new Error(`${name}: ${result.failed} calls failed`);
      if (round > 0) results[name].push(result);
    }
  }
  return results;
}

function costRow(name, results) {
  const of = (key) => median(results[name].map((result) => result[key]));
  const ratios = results[name].map(
    ({ records_per_second }, round) => records_per_second / results["no tail"][round].records_per_second,
  );
  return [
    name,
    whole(of("records_per_second")),
    of("p50_ms").toFixed(2),
    of("p99_ms").toFixed(2),
    of("cpu_us_per_record").toFixed(1),
    median(ratios).toFixed(3),
  ];
}

await inTemporaryDirectory(async (directory) => {
  console.log(machine());
  const server = await startService(`${directory}/sessions.jsonl`);
  const generator = startGenerator(options["row-bytes"]);
  try {
    const times = await measureLatency(server.address);
    const figures = [median(times), p99(times), Math.max(...times)].map((ms) => `${ms.toFixed(1)} ms`);
    console.log(`\n${whole(times.length)} rows at ${whole(options.rate)} a second, ack to printed line:`);
    console.log(`p50 ${figures[0]}, p99 ${figures[1]}, at most ${figures[2]}`);
    const results = await measureCost(server, generator);
    const head = ["unary", "records/s", "p50 ms", "p99 ms", "CPU µs/record", "÷ no tail"];
    console.log(
      `\n${table(
        head,
        Object.keys(variants).map((name) => costRow(name, results)),
      )}`,
    );
  } finally {
    generator.close();
    await server.stop();
  }
});
