// `node bench/outage.mjs`: what the callers of a daemon notice when the session log is stopped, and what it costs the daemon
// in memory; after `npm run build`. A daemon each in Go (examples/validatord, its model a scripted one that answers at
// once), Python and JavaScript answers HTTP requests and appends a row for each. Each round measures the same process with
// the service up, stopped, and stopped for so long that the buffer is full; and another process whose log is off.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { readOptions } from "../harness/options.mjs";
import { startProgram, startService } from "../harness/server.mjs";
import { inTemporaryDirectory } from "../harness/temporary.mjs";
import { findTool } from "../harness/tools.mjs";
import { machine, median, p99, table, whole } from "./lib/figures.mjs";
import { quarters, residentMegabytes, watchMemory } from "./lib/memory.mjs";
import { createCaller } from "./load/outage/caller.mjs";

const options = readOptions({
  rounds: 5,
  seconds: 2.5, // each window: longer than the longest wait between two tries to send
  rows: 100_000, // appended when the buffer is full, for its memory
  only: "", // one of the daemons
});
const root = new URL("..", import.meta.url).pathname;
/** More than the 10,000 rows that the clients' buffers hold. */
const FILL_ROWS = 11_000;
/** Fewer than that, so that a window does not fill the buffer. */
const WINDOW_CALLS_MAX = 8_000;

const python = `${root}.tools/python/bin/python`;
/** By name: what is missing on this machine, and how it is started, sending to an address. */
const daemons = {
  Go: { missing: () => (findTool("go") === undefined ? "Go is not here" : undefined), start: startValidatord },
  Python: {
    missing: () => (existsSync(python) ? undefined : "no .tools/python; `npm run test:conformance -- python` makes it"),
    start: (address) =>
      startProgram([python, `${root}bench/load/outage/daemon.py`, address], {
        env: { PYTHONPATH: `${root}clients/python/src` },
      }),
  },
  JavaScript: {
    missing: () => undefined,
    start: (address) => startProgram([process.execPath, `${root}bench/load/outage/daemon.mjs`, address]),
  },
};

async function startValidatord(address, directory) {
  const go = ["build", "-o", `${directory}/`, ".", "./fakemodel"];
  execFileSync(findTool("go"), go, { cwd: `${root}examples/validatord`, stdio: "inherit" });
  const model = await startProgram([`${directory}/fakemodel`, "-listen", "127.0.0.1:0"]);
  const config = `listen = "127.0.0.1:0"
model_url = "http://${model.address}"
model = "scripted"
provider = "fakemodel"
roster = "${root}examples/roster.csv"
session_log_address = "${address}"
`;
  await writeFile(`${directory}/validatord.toml`, config);
  const daemon = await startProgram([`${directory}/validatord`, "-config", `${directory}/validatord.toml`]);
  return { ...daemon, kill: () => Promise.all([daemon.kill(), model.kill()]) };
}

/** Starts a service for `work` that can be stopped, and comes back at the same address with an empty log. */
function withService(work) {
  return inTemporaryDirectory(async (directory) => {
    let number = 0;
    let service = await startService(`${directory}/sessions-0.jsonl`);
    const { address } = service;
    try {
      return await work({
        address,
        path: () => service.path,
        stop: () => service.stop(),
        async start() {
          service = await startService(`${directory}/sessions-${++number}.jsonl`, { args: ["--listen", address] });
        },
      });
    } finally {
      await service.stop();
    }
  });
}

/** Starts a daemon for `work`, and ends it. */
function withDaemon({ start }, address, work) {
  return inTemporaryDirectory(async (directory) => {
    const daemon = await start(address, directory);
    const caller = createCaller(daemon.address);
    try {
      return await work(caller, daemon.pid);
    } finally {
      caller.close();
      await daemon.kill();
    }
  });
}

/** Rows arrive in their order: once that of a call made now is there, nothing older waits. */
async function hasSentAll(caller, service) {
  const trace_id = crypto.randomUUID();
  await caller.post(trace_id);
  const deadline_ms = performance.now() + 60_000;
  while (!(await readFile(service.path(), "utf8")).includes(trace_id)) {
    if (performance.now() > deadline_ms) throw new Error("the daemon does not send its rows");
    await setTimeout(50);
  }
}

/** @returns {Promise<Record<"off" | "up" | "stopped" | "full", number[]>[]>} each round's times */
async function measureLatency(service, on, off) {
  const window = (caller) => caller.window(options.seconds * 1_000, WINDOW_CALLS_MAX);
  const rounds = [];
  // Round 0 warms all up and is not counted.
  for (let round = 0; round <= options.rounds; round += 1) {
    if (round > 0) await service.start();
    await hasSentAll(on, service);
    const times = { off: await window(off), up: await window(on) };
    await hasSentAll(on, service);
    await service.stop();
    times.stopped = await window(on);
    await on.repeat(FILL_ROWS);
    times.full = await window(on);
    if (round > 0) rounds.push(times);
  }
  return rounds;
}

/** Resident megabytes: with the service up, when the buffer is full, and by quarters of the rows that come then. */
async function measureMemory(service, caller, pid) {
  await caller.repeat(FILL_ROWS);
  await hasSentAll(caller, service);
  const up = residentMegabytes(pid);
  await service.stop();
  await caller.repeat(FILL_ROWS);
  const full = residentMegabytes(pid);
  const stopWatching = watchMemory(pid);
  await caller.repeat(options.rows);
  return { up, full, further: quarters(stopWatching()) };
}

const STATES = ["off", "stopped", "full"];

function latencyRow(name, rounds) {
  const middle = (figure) => median(rounds.map(figure));
  const figures = [median, p99].map((of) => [
    middle(({ up }) => of(up)).toFixed(2),
    ...STATES.map((state) => middle((round) => of(round[state]) / of(round.up)).toFixed(2)),
  ]);
  return [name, whole(middle(({ up }) => up.length)), ...figures.flat()];
}

function memoryRow(name, { up, full, further }) {
  const growth = further[3] - further[0];
  return [name, ...[up, full].map(whole), further.map(whole).join(" "), growth.toFixed(1)];
}

console.log(`${machine()}; ${options.rounds} rounds, windows of ${options.seconds} s`);
const latencies = [];
const memories = [];
for (const [name, daemon] of Object.entries(daemons)) {
  if (options.only !== "" && options.only !== name) continue;
  const missing = daemon.missing();
  if (missing !== undefined) {
    console.log(`left out ${name}: ${missing}`);
    continue;
  }
  const rounds = await withService((service) =>
    withDaemon(daemon, service.address, (on) => withDaemon(daemon, "", (off) => measureLatency(service, on, off))),
  );
  latencies.push(latencyRow(name, rounds));
  const memory = await withService((service) =>
    withDaemon(daemon, service.address, (caller, pid) => measureMemory(service, caller, pid)),
  );
  memories.push(memoryRow(name, memory));
}
const ratios = ["p50", "p99"].flatMap((of) => [`${of} ms, up`, ...STATES.map((state) => `${state} ÷ up`)]);
console.log(`\n${table(["daemon", "calls", ...ratios], latencies)}`);
const further = `MB at most, by quarter of ${whole(options.rows)} more rows`;
console.log(`\n${table(["daemon", "MB up", "MB full", further, "growth"], memories)}`);
