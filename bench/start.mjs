// `node bench/start.mjs`: how long a start takes, and how much memory, when the log is large already.
import { mkdir, open, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { createJournal } from "../dist/journal/index.js";
import { rowOf } from "../examples/generator/row.mjs";
import { readOptions } from "../harness/options.mjs";
import { startService } from "../harness/server.mjs";
import { inTemporaryDirectory } from "../harness/temporary.mjs";
import { machine, median, whole } from "./lib/figures.mjs";
import { residentMegabytes } from "./lib/memory.mjs";

const { gigabytes, rounds } = readOptions({ gigabytes: 1, rounds: 5 });

/** Writes rows of some 960 bytes until the file is large enough. @returns {Promise<number>} how many rows */
async function writeLog(path, bytes) {
  const file = await open(path, "w");
  let rows = 0;
  let written = 0;
  while (written < bytes) {
    const lines = Array.from({ length: 1000 }, () => `${row(rows++)}\n`).join("");
    written += (await file.write(lines)).bytesWritten;
  }
  await file.sync();
  await file.close();
  return rows;
}

function row(number) {
  return rowOf({
    session_id: number.toString(16).padStart(32, "0"),
    timestamp: "2026-05-02T05:22:09Z",
    daemon: "validatord",
    kind: "fill",
    model: "qwen3:8b",
    provider: "ollama",
    prompt: `Fill "Dock ${number}"\n${"night shift ".repeat(47)}`,
    max_iterations: 3,
    final_verdict: "accepted",
    attempts: [{ iteration: 0, verdict_kind: "accepted", span_id: "00f067aa0ba902b7" }],
    grounded_in_roster: true,
    duration_ms: 1840,
  });
}

/** Fills a journal until it has that many sealed segments of a megabyte, gzipped when asked. @returns {Promise<number>} how many rows */
async function writeSegments(path, segments, compress) {
  let sealed = 0;
  const count = (_fields, message) => {
    if (message === "sealed a segment") sealed += 1;
  };
  const journal = createJournal({
    path,
    durability: "written",
    queue_rows: 65_536,
    queue_bytes: 2 ** 26,
    rotation: { max_bytes: 1e6, interval: "none" },
    compress,
    retention: { max_age_ms: 0, max_segments: 0, max_bytes: 0 },
    dedupe_rows: 0,
    adopts: () => true,
    isOdd: () => false,
    log: { info: count, warn: () => {}, error: console.error },
  });
  await journal.open();
  let rows = 0;
  while (sealed < segments) await journal.append(Array.from({ length: 100 }, () => Buffer.from(`${row(rows++)}\n`)));
  if (compress === "gzip") await allGzipped(dirname(path));
  await journal.drain();
  return rows;
}

async function allGzipped(directory) {
  const waiting = async () => (await readdir(directory)).filter((name) => /-\d+\.jsonl$/.test(name)).length;
  while ((await waiting()) > 0) await setTimeout(20);
}

/** @returns {Promise<{ ms: number, megabytes: number }>} from the process's start until it says that it serves */
async function start(path) {
  const begun_ms = performance.now();
  const server = await startService(path, { timeout_ms: 60_000 });
  const ms = performance.now() - begun_ms;
  const megabytes = residentMegabytes(server.pid);
  await server.stop();
  return { ms, megabytes };
}

async function repeat(path) {
  const starts = [];
  for (let round = 0; round < rounds; round += 1) starts.push(await start(path));
  const ms = starts.map((each) => each.ms);
  const megabytes = starts.map((each) => each.megabytes);
  return `median ${whole(median(ms))} ms, slowest ${whole(Math.max(...ms))} ms, at most ${whole(Math.max(...megabytes))} MB resident`;
}

await inTemporaryDirectory(async (directory) => {
  console.log(`${machine()}, ${rounds} starts each`);
  console.log(`no log:  ${await repeat(join(directory, "empty.jsonl"))}`);
  const path = join(directory, "large.jsonl");
  const rows = await writeLog(path, gigabytes * 1e9);
  console.log(`${gigabytes} GB, ${whole(rows)} rows:  ${await repeat(path)}`);
  for (const compress of ["none", "gzip"]) {
    const segmented = join(directory, compress, "segments.jsonl");
    await mkdir(dirname(segmented));
    const segment_rows = await writeSegments(segmented, 100, compress);
    console.log(`100 sealed segments, compress ${compress}, ${whole(segment_rows)} rows:  ${await repeat(segmented)}`);
  }
});
