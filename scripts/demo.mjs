// `npm run demo`: a service in a temporary directory takes the example sessions, and shows what its log then holds.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { startService } from "../harness/server.mjs";
import { inTemporaryDirectory } from "../harness/temporary.mjs";

const root = new URL("..", import.meta.url).pathname;
const main = join(root, "dist/main.js");
const examples = join(root, "examples/sessions.jsonl");
const timeout_ms = 60_000;

async function append(address) {
  console.log(`\n$ sessionlog append --address ${address} examples/sessions.jsonl`);
  const args = [main, "append", "--address", address, examples];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"], timeout: timeout_ms });
  const [code, signal] = await once(child, "exit");
  if (code !== 0) throw new Error(`append ended with ${signal ?? code}`);
}

function show(title, rows) {
  console.log(`\n${title}`);
  for (const row of rows) console.log(JSON.stringify(row));
}

function countBy(rows, key) {
  const counts = new Map();
  for (const row of rows) counts.set(row[key], (counts.get(row[key]) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a).map(([name, count]) => `${name} ${count}`);
}

await inTemporaryDirectory(async (directory) => {
  const server = await startService(join(directory, "sessions.jsonl"));
  try {
    console.log(`serving on ${server.address}, writing ${server.path}`);
    await append(server.address);
    const lines = (await readFile(server.path, "utf8")).trimEnd().split("\n");
    const rows = lines.map((line) => JSON.parse(line));
    const alarms = rows.filter(
      (row) => row.kind === "fill" && row.final_verdict === "accepted" && row.grounded_in_roster !== true,
    );
    const ungrounded = alarms.filter((row) => row.grounded_in_roster === false);
    const exhausted = rows.find((row) => row.final_verdict === "max_iter_exhausted");
    show("Three of its rows: the first, one that ran out of attempts, one that should not be:", [
      rows[0],
      exhausted,
      ungrounded[0],
    ]);
    console.log(`\n${rows.length} rows: ${countBy(rows, "final_verdict").join(", ")}`);
    console.log(`by kind: ${countBy(rows, "kind").join(", ")}`);
    console.log(`by daemon: ${countBy(rows, "daemon").join(", ")}`);
    console.log(`alarm, accepted fills that are not grounded in the roster: ${alarms.length}`);
    for (const row of alarms) {
      const why = row.grounded_in_roster === false ? "ungrounded" : "never checked";
      console.log(`  ${row.session_id}  ${row.timestamp}  ${row.daemon}  ${row.model}  ${why}`);
    }
  } finally {
    const code = await server.stop();
    console.log(`\nstopped with exit code ${code}`);
    if (code !== 0) process.exitCode = 1;
  }
});
