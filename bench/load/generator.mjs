import { fork } from "node:child_process";
import { once } from "node:events";

/**
 * The load generator, in a process of its own.
 * @param {number} row_bytes  the size of each record's row
 * @returns {{ run: (load: import("./worker.mjs").Load) => Promise<object>, close: () => void }}
 */
export function startGenerator(row_bytes) {
  const worker = new URL("worker.mjs", import.meta.url).pathname;
  const child = fork(worker, [String(row_bytes)], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const ended = once(child, "exit").then(([code]) => ({ error: `the load generator ended with ${code}` }));
  return {
    async run(load) {
      child.send(load);
      const [answer] = await Promise.race([once(child, "message"), ended.then((end) => [end])]);
      if (answer.error) throw new Error(answer.error);
      return answer.result;
    },
    close: () => child.connected && child.disconnect(),
  };
}

/**
 * What `run` does in one window against a server.
 * @param {{ address: string, pid: number, credentials?: object }} server
 * @param {number} batch  records a call
 * @param {{ calls: number, connections: number, warmup: number, seconds: number }} options  times in seconds
 * @returns {import("./worker.mjs").Load}
 */
export function windowOf({ address, pid, credentials }, batch, { calls, connections, warmup, seconds }) {
  return {
    address,
    pid,
    credentials,
    batch,
    calls,
    connections,
    warmup_ms: warmup * 1000,
    duration_ms: seconds * 1000,
  };
}
