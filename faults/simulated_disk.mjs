import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;

/** The campaign itself is test/support/crash_campaign.ts, which the unit tests run too. @type {import("../harness/outcome.mjs").Campaign} */
export const simulatedDisk = {
  name: "simulated-disk",
  about: "the journal on a disk in memory: a crash at every operation, unsynced data kept, lost, torn or NULs",
  async run({ long, seed, directory }) {
    const file = join(directory, "figures.jsonl");
    const runs = long ? 34_000 : 1_500;
    const vitest = join(root, "node_modules/vitest/vitest.mjs");
    const env = { ...process.env, CRASH_RUNS: String(runs), CRASH_SEED: String(seed), CRASH_FIGURES: file };
    const tests = ["crash_campaign", "shortage"].map((name) => `test/journal/${name}.test.ts`);
    const child = spawn(process.execPath, [vitest, "run", ...tests], {
      cwd: root,
      env,
      stdio: "ignore",
    });
    const [code] = await once(child, "exit");
    const results = (await readFile(file, "utf8"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const sum = (key) => results.reduce((total, result) => total + result[key], 0);
    const broken = results.flatMap(({ violations }) => violations);
    if (broken.length === 0 && code !== 0) broken.push(`the tests ended with ${code}`);
    const figures = {
      runs: sum("runs"),
      "crashes during start": sum("crashes_at_start"),
      A: sum("rows_acknowledged"),
      F: sum("rows_found"),
      "torn ends moved aside": sum("torn_files"),
    };
    return { figures, broken };
  },
};
