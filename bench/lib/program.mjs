// Starts programs in other languages for the benchmarks: each ended by its own process id.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/**
 * Starts any program that logs a line with `"msg":"serving"` and its address on standard error.
 * @param {string} program
 * @param {readonly string[]} words
 * @param {Record<string, string>} [env]  further variables
 * @returns {Promise<{ pid: number, address: string, stop: () => Promise<void> }>} rejects when it ends before
 */
export async function startProgram(program, words, env = {}) {
  const child = spawn(program, words, { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, ...env } });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const ended = once(child, "exit").finally(() => process.off("exit", kill));
  const lines = createInterface({ input: child.stderr });
  const address = await new Promise((resolve, reject) => {
    const log = [];
    lines.on("line", (line) => {
      if (/"msg": ?"serving"/.test(line)) resolve(JSON.parse(line).address);
      else if (log.length < 20) log.push(line);
    });
    ended.then(() => reject(new Error(`${program} ended:\n${log.join("\n")}`)), reject);
  });
  return {
    pid: child.pid,
    address,
    async stop() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
