// `sessionlog view` as a process of its own, ended by its own process id.
import { spawn } from "node:child_process";
import { once } from "node:events";

const main = new URL("../../dist/main.js", import.meta.url).pathname;
const running = new Set();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/**
 * Starts the viewer and waits for its address.
 * @param {readonly string[]} args
 * @returns {Promise<{ url: string, origin: string, stop: () => Promise<void> }>}
 */
export async function startViewer(args) {
  const child = spawn(process.execPath, [main, "view", "--listen", "127.0.0.1:0", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  const exited = once(child, "exit");
  const said = { stdout: "", stderr: "" };
  child.stderr.on("data", (chunk) => {
    said.stderr += chunk;
  });
  const url = await new Promise((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      said.stdout += chunk;
      const [address] = /http:\/\/127\.0\.0\.1:\d+\/[\w-]+\//.exec(said.stdout) ?? [];
      if (address !== undefined) resolve(address);
    });
    exited.then(([code]) => reject(new Error(`sessionlog view ended with ${code}: ${said.stderr}`)));
  });
  return {
    url,
    origin: new URL(url).origin,
    async stop() {
      child.kill("SIGTERM");
      await exited;
      running.delete(child);
    },
  };
}
