import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, readFileSync, renameSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { atExit } from "../harness/cleanup.mjs";
import { startService } from "../harness/server.mjs";
import { until } from "./support/load.mjs";

const program = new URL("../dist/main.js", import.meta.url).pathname;
const KILLS = 50;
/** A file that is cut loses what nobody has read: it is cut only when all of it is stored. */
const CUT_EACH = 10;

/** @type {import("../harness/outcome.mjs").Campaign} */
export const follow = {
  name: "follow",
  about: "SIGKILL of `append --follow --stamp` while its input grows, is rotated and cut",
  async run({ long, random, directory }) {
    const kills = long ? 4 * KILLS : KILLS;
    const path = join(directory, "sessions.jsonl");
    const input = join(directory, "rows.jsonl");
    const server = await startService(path);
    const counts = { written: 0, rotations: 0, cuts: 0 };
    const errors = [];
    writeFileSync(input, "");

    const write = () => {
      const row = { daemon: "follow", kind: "fill", final_verdict: "infra_error", prompt: `row ${counts.written++}` };
      appendFileSync(input, `${JSON.stringify(row)}\n`);
    };
    const prompts = () =>
      readFileSync(path, "utf8")
        .split("\n")
        .slice(0, -1)
        .map((row) => JSON.parse(row).prompt);
    async function allStored() {
      const passed = await until(() => new Set(prompts()).size === counts.written, 30_000, 50);
      if (passed === undefined) throw new Error(`not all rows are stored after 30 s\n${errors.join("").slice(0, 500)}`);
    }
    const startFollower = () => {
      // Small batches, so that a kill is likely to come between storing one and noting that.
      const batches = ["--batch-rows", "3"];
      const follow = ["--follow", "--stamp", "--state", join(directory, "state")];
      const words = ["append", "--address", server.address, ...batches, ...follow];
      const child = spawn(process.execPath, [program, ...words, input], { stdio: ["ignore", "ignore", "pipe"] });
      child.stderr.on("data", (text) => errors.push(`${text}`));
      const settled = atExit(() => child.kill("SIGKILL"));
      const ended = once(child, "exit").finally(settled);
      return { child, ended };
    };

    try {
      for (let kill = 1; kill <= kills; kill += 1) {
        const { child, ended } = startFollower();
        // Without a state, a file that was renamed before it was ever read is not found.
        if (kill === 1) {
          write();
          await allStored();
        }
        if (kill % CUT_EACH === 0) {
          await allStored();
          truncateSync(input);
          counts.cuts += 1;
          // A file that is cut and renamed while nobody reads is not recognised.
          write();
          await allStored();
        }
        const rotate_at = random.int(0, 3) === 0 ? random.int(0, 10) : -1;
        for (let step = 0; step < random.int(20, 50); step += 1) {
          for (let row = 0; row < random.int(0, 30); row += 1) write();
          if (step === rotate_at) {
            renameSync(input, `${input}.${counts.rotations++}`);
            // The rows of a file that came and went while nobody read are not found again.
            write();
            await allStored();
          }
          await pause(random.int(0, 40));
        }
        child.kill("SIGKILL");
        await ended;
      }
      const { child, ended } = startFollower();
      await allStored();
      child.kill("SIGTERM");
      const [code] = await ended;
      const found = prompts();
      const times = new Map();
      for (const prompt of found) times.set(prompt, (times.get(prompt) ?? 0) + 1);
      const lost = counts.written - times.size;
      const twice = [...times].filter(([, count]) => count > 1).map(([prompt]) => prompt);
      const broken = [];
      if (lost > 0) broken.push(`${lost} of ${counts.written} rows are not stored\n${errors.join("")}`);
      if (twice.length > 0)
        broken.push(`${twice.length} rows are stored more than once: ${twice.slice(0, 5).join(", ")}`);
      if (code !== 0) broken.push(`the last run ended with ${code}\n${errors.join("")}`);
      return { figures: { kills, ...counts, stored: found.length }, broken };
    } finally {
      await server.stop();
    }
  },
};
