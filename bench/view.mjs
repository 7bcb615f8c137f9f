// `node bench/view.mjs`: what the viewer's server takes over a million compacted rows: CPU time, which other work on the machine changes
// least, wall time, and the most memory. `--keep DIR` takes the journal from there, or leaves it there: that of bench/compact.mjs will do.
// `--plain yes` leaves out compaction. Needs some 500 MB of disk.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { readOptions } from "../harness/options.mjs";
import { inTemporaryDirectory } from "../harness/temporary.mjs";
import { machine, whole } from "./lib/figures.mjs";
import { writeWeeks } from "./query/journal.mjs";

const options = readOptions({ rows: 1_000_000, segments: 20, rounds: 3, keep: "", plain: "", roster: "" });
const root = new URL("..", import.meta.url).pathname;
const main = join(root, "dist/main.js");

/** Milliseconds of CPU. */
const BARS = { "first page": 600, "a model": 300, "a day's part": 300, "a kind's list": 300, "one session": 200 };
const MEMORY_BAR_MB = 512;
const TICK_MS = 10;

const children = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);
const cpuOf = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
};
const peakOf = (pid) => Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;

/** Asks; again while the log is being read. */
async function get(url) {
  for (;;) {
    const answer = await fetch(url);
    if (answer.status === 200) return answer.json();
    // On a machine with more work than cores.
    if (answer.status === 504) console.log(`late: ${url.replace(/^.*\/api/, "")}`);
    if (answer.status === 504) return {};
    if (answer.status !== 202) throw new Error(`${answer.status}: ${await answer.text()}`);
    await answer.arrayBuffer();
    await sleep(100);
  }
}

/** Starts a viewer, lets `work` ask it, and ends it. */
async function withViewer(directory, work) {
  const roster = options.roster === "" ? [] : ["--roster", resolve(options.roster)];
  const begun_ms = performance.now();
  const child = spawn(process.execPath, [main, "view", "--path", directory, ...roster], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const [line] = await once(createInterface(child.stdout), "line");
    const url = line.split("  ")[0];
    const pid = children(child.pid)[0];
    await get(`${url}api/facets`);
    const started = { cpu_ms: cpuOf(pid), wall_ms: performance.now() - begun_ms };
    return await work({ url, pid, started });
  } finally {
    child.kill("SIGINT");
    await once(child, "close");
  }
}

/** The CPU and the wall time of some requests, one after the other. */
async function measure(pid, urls) {
  const [cpu_ms, begun_ms] = [cpuOf(pid), performance.now()];
  for (const url of urls) await get(url);
  return { cpu_ms: cpuOf(pid) - cpu_ms, wall_ms: performance.now() - begun_ms };
}

const least = (runs) => ({
  cpu_ms: Math.min(...runs.map(({ cpu_ms }) => cpu_ms)),
  wall_ms: Math.min(...runs.map(({ wall_ms }) => wall_ms)),
});

async function run(directory) {
  const found = new Map();
  let peak_mb = 0;
  for (let round = 0; round < options.rounds; round += 1) {
    await withViewer(directory, async ({ url, pid, started }) => {
      const add = (name, figures) => found.set(name, [...(found.get(name) ?? []), figures]);
      const ask = async (name, ...routes) =>
        add(
          name,
          await measure(
            pid,
            routes.map((route) => url + route),
          ),
        );
      add("start", started);
      await ask("first page", "api/overview", "api/sessions");
      await ask("the same again", "api/overview", "api/sessions");
      await ask("a model", "api/overview?model=qwen3:8b");
      await ask("a day's part", "api/overview?since=2026-10-20T10:00:00Z&kind=fill");
      await ask("a kind's list", "api/sessions?kind=email");
      const { sessions } = await get(`${url}api/sessions?limit=1&before=${Math.floor(options.rows / 2)}`);
      await ask("one session", `api/session?id=${sessions[0].session_id}`);
      await ask("refusals", "api/refusals");
      await ask("a text", "api/sessions?find=W-1001");
      peak_mb = Math.max(peak_mb, peakOf(pid));
    });
  }
  for (const [name, runs] of found) {
    const { cpu_ms, wall_ms } = least(runs);
    const bar = BARS[name] === undefined ? "" : `, bar ${BARS[name]}: ${cpu_ms <= BARS[name] ? "met" : "MISSED"}`;
    console.log(`${name}: ${whole(cpu_ms)} ms CPU, ${whole(wall_ms)} ms${bar}`);
  }
  console.log(
    `most memory: ${whole(peak_mb)} MB, bar ${MEMORY_BAR_MB}: ${peak_mb <= MEMORY_BAR_MB ? "met" : "MISSED"}`,
  );
}

async function prepare(directory) {
  mkdirSync(directory, { recursive: true });
  if (readdirSync(directory).length === 0) await writeWeeks(directory, options);
  if (options.plain !== "") return;
  const done = spawnSync(process.execPath, [main, "compact", "--path", directory], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (done.status !== 0) throw new Error("compact failed");
}

console.log(`${machine()}; ${whole(options.rows)} rows, least of ${options.rounds} rounds`);
if (!existsSync(main)) throw new Error("npm run build first");
const all = async (directory) => {
  await prepare(directory);
  await run(directory);
};
await (options.keep === "" ? inTemporaryDirectory(all) : all(resolve(options.keep)));
