// `node bench/compact.mjs`: what questions over a million rows in sealed gzip segments cost before and after `sessionlog compact`, in
// CPU time, which other work on the machine changes least. `--base DIR` asks the lines with another build (its checkout, built) than this
// one; `--keep DIR` leaves the journal there, and takes it from there the next time. Needs some 500 MB of disk.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { readOptions } from "../harness/options.mjs";
import { inTemporaryDirectory } from "../harness/temporary.mjs";
import { machine, whole } from "./lib/figures.mjs";
import { writeWeeks } from "./query/journal.mjs";

const options = readOptions({ rows: 1_000_000, segments: 20, rounds: 3, base: "", keep: "" });
const root = new URL("..", import.meta.url).pathname;
const base = options.base === "" ? root : resolve(options.base);

/** At most this share of the CPU time, and what is aimed at. */
const BARS = {
  "first-shot": "1/20",
  alarm: "1/20",
  session: "1/20",
  "newest 50 by times": "1/20",
  "newest 50": "",
  audit: "1/5, aim 1/8",
  "no-retry": "1/5, aim 1/8",
  "refusal-reasons": "1/5, aim 1/8",
};
const OTHERS = ["three-refusals", "model-regressions", "outcomes", "refusal-weeks", "first-shot-weeks"];

/** The least CPU time of some runs, each in a process of its own, and the answer's digest. */
async function ask(checkout, directory, question) {
  const runs = [];
  for (let round = 0; round < options.rounds; round += 1) {
    const args = [join(root, "bench/query/ask.mjs"), checkout, directory, question];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.on("data", (block) => {
      text += block;
    });
    const [code] = await once(child, "close");
    if (code !== 0) throw new Error(`${question} ended with ${code}`);
    runs.push(JSON.parse(text));
  }
  if (new Set(runs.map(({ digest }) => digest)).size > 1) throw new Error(`${question}: the answers differ`);
  const least = (key) => Math.min(...runs.map((run) => run[key]));
  return { cpu_ms: least("cpu_ms"), wall_ms: least("wall_ms"), megabytes: least("megabytes"), digest: runs[0].digest };
}

const bytesOf = (directory, ending) =>
  readdirSync(directory)
    .filter((name) => name.endsWith(ending))
    .reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);

async function measure(directory) {
  if (!existsSync(join(directory, "sessions.sha256"))) await writeWeeks(directory, options);
  for (const name of readdirSync(directory)) if (/parquet/.test(name)) rmSync(join(directory, name));
  console.log(`${machine()}; ${options.rounds} rounds, the least of each`);
  const questions = [...Object.keys(BARS), ...OTHERS];
  const before = new Map();
  for (const question of questions) before.set(question, await ask(base, directory, question.replace(" by times", "")));
  const compacted = spawnSync(process.execPath, [join(root, "dist/main.js"), "compact", "--path", directory], {
    encoding: "utf8",
  });
  if (compacted.status !== 0) throw new Error(compacted.stderr);
  console.log(`sessionlog compact: ${compacted.stdout.trimEnd()}`);
  const [gzip, parquet] = [".jsonl.gz", ".parquet"].map((ending) => (bytesOf(directory, ending) / 1e6).toFixed(1));
  console.log(
    `${whole(options.rows)} rows in ${options.segments} segments: ${gzip} MB gzipped, ${parquet} MB of copies\n`,
  );
  console.log("| question | CPU ms of lines | of copies | share | bar | wall ms | MB |");
  console.log("| --- | --- | --- | --- | --- | --- | --- |");
  for (const question of questions) {
    const [lines, copies] = [before.get(question), await ask(root, directory, question)];
    if (lines.digest !== copies.digest) throw new Error(`${question}: the answers differ`);
    const share = `1/${(lines.cpu_ms / copies.cpu_ms).toFixed(1)}`;
    const walls = `${whole(lines.wall_ms)} → ${whole(copies.wall_ms)}`;
    console.log(
      `| ${question} | ${whole(lines.cpu_ms)} | ${whole(copies.cpu_ms)} | ${share} | ${BARS[question] ?? ""} | ${walls} | ${whole(copies.megabytes)} |`,
    );
  }
}

if (options.keep === "") await inTemporaryDirectory(measure);
else {
  mkdirSync(options.keep, { recursive: true });
  await measure(resolve(options.keep));
}
