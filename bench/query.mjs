// `node bench/query.mjs`: the first query over a million rows in sealed gzip segments, as the command line answers it, against
// plain DuckDB doing the same aggregate over the same files; and how long the commands take to start. Needs some 200 MB of disk.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { createRandom } from "../examples/generator/random.mjs";
import { makeRoster } from "../examples/generator/roster.mjs";
import { rowOf } from "../examples/generator/row.mjs";
import { makeSessions } from "../examples/generator/sessions.mjs";
import { readOptions } from "../harness/options.mjs";
import { inTemporaryDirectory } from "../harness/temporary.mjs";
import { machine, median, whole } from "./lib/figures.mjs";

const { rows, segments, rounds } = readOptions({ rows: 1_000_000, segments: 20, rounds: 5 });
const root = new URL("..", import.meta.url).pathname;
const main = join(root, "dist/main.js");

/** Brings rows to about the size that daemons' prompts give them. */
const context = `\nRules: ${"rest times, certificates and travel are to be kept in mind, as always; ".repeat(4)}`;

/** Writes a journal as the service seals it. @returns {Promise<{ raw: number, compressed: number }>} its bytes */
async function writeJournal(directory) {
  const roster = makeRoster(createRandom(1), 140);
  const each = Math.ceil(rows / segments);
  const sizes = { raw: 0, compressed: 0 };
  let checksums = "";
  for (let index = 0; index < segments; index += 1) {
    const sessions = makeSessions(createRandom(100 + index), roster, each);
    const lines = sessions.map((session) => `${rowOf({ ...session, prompt: session.prompt + context })}\n`);
    const bytes = Buffer.from(lines.join(""));
    const compressed = await promisify(gzip)(bytes);
    const name = `sessions-${pad(index * each + 1)}-${pad((index + 1) * each)}.jsonl.gz`;
    await writeFile(join(directory, name), compressed);
    checksums += `${createHash("sha256").update(compressed).digest("hex")}  ${name}\n`;
    sizes.raw += bytes.length;
    sizes.compressed += compressed.length;
  }
  await writeFile(join(directory, "sessions.sha256"), checksums);
  await writeFile(join(directory, "sessions.jsonl"), "");
  return sizes;
}

const pad = (sequence) => String(sequence).padStart(20, "0");

const peakKilobytes = (pid) => Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);

/** Runs a process. @returns {Promise<{ ms: number, megabytes: number, output: string }>} with the most memory it had */
async function run(args) {
  const begun_ms = performance.now();
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  let peak = 0;
  const look = () => {
    try {
      // A question runs in a child of the program.
      const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").split(" ");
      const most = [String(child.pid), ...children].map((pid) => (pid === "" ? 0 : peakKilobytes(pid)));
      peak = Math.max(
        peak,
        most.reduce((total, each) => total + each, 0),
      );
    } catch {
      // It has just ended.
    }
  };
  const timer = setInterval(look, 20);
  let output = "";
  child.stdout.on("data", (text) => {
    output += text;
  });
  const [code] = await once(child, "close");
  clearInterval(timer);
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}`);
  return { ms: performance.now() - begun_ms, megabytes: (peak * 1024) / 1e6, output };
}

/** Runs each of the commands in turns. @returns {Promise<Record<string, Awaited<ReturnType<typeof run>>[]>>} */
async function inTurns(commands) {
  const runs = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, args] of Object.entries(commands)) runs[name].push(await run(args));
  }
  return runs;
}

function told(runs) {
  const ms = runs.map((each) => each.ms);
  return `median ${whole(median(ms))} ms, slowest ${whole(Math.max(...ms))} ms, at most ${whole(Math.max(...runs.map((each) => each.megabytes)))} MB`;
}

await inTemporaryDirectory(async (directory) => {
  console.log(`${machine()}, ${rounds} rounds`);
  const { raw, compressed } = await writeJournal(directory);
  console.log(
    `${whole(rows)} rows, ${whole(raw / 1e6)} MB of JSONL in ${segments} gzip segments of ${whole(compressed / 1e6)} MB`,
  );
  const large = await inTurns({
    plain: [join(root, "bench/query/plain.mjs"), directory],
    query: [main, "query", "first-shot", "--format", "jsonl", "--path", directory],
  });
  const [plain, query] = [large.plain[0].output, large.query[0].output];
  if (plain !== query) throw new Error(`the answers differ:\n${plain}\n${query}`);
  const ratios = large.query.map(({ ms }, round) => ms / large.plain[round].ms);
  console.log(`plain DuckDB:       ${told(large.plain)}`);
  console.log(`query first-shot:   ${told(large.query)}; ÷ plain ${median(ratios).toFixed(2)} (median of the rounds)`);
  const small = await inTurns({
    list: [main, "query", "--list"],
    examples: [main, "query", "first-shot", "--path", join(root, "examples")],
    checked: [main, "check-config"],
  });
  console.log(`query --list:       ${told(small.list)}`);
  console.log(`query, examples:    ${told(small.examples)}`);
  console.log(`check-config:       ${told(small.checked)} (loads no DuckDB)`);
});
