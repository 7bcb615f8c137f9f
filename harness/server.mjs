// Starts servers for scripts: each a process of its own, on a free port, ended by its own process id.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname } from "node:path";
import { createInterface } from "node:readline";

const main = new URL("../dist/main.js", import.meta.url).pathname;

/** Neither the caller's SESSIONLOG_… variables nor a sessionlog.toml in its directory are to change what is tested. */
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("SESSIONLOG_")));

/** No server outlives the script, however that ends. */
const running = new Set();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/**
 * @typedef {object} Server
 * @property {number} pid
 * @property {string} address  host:port, the real one
 * @property {string} path  the session log that the ready line names
 * @property {() => string} stderr  what it has logged so far, its last 64 KiB
 * @property {Promise<number | string>} exited  the exit code, or the name of the signal that ended it
 * @property {(timeout_ms?: number) => Promise<number | string>} stop  SIGTERM, and SIGKILL when that is not obeyed in time
 * @property {() => Promise<number | string>} kill  SIGKILL
 */

/**
 * @typedef {object} StartOptions
 * @property {string[]} [execArgv]  options of node's own
 * @property {string[]} [prefix]  a command line that becomes node in the same process, for example `nice -n 5`
 * @property {Record<string, string>} [env]  further variables
 * @property {number} [timeout_ms]
 */

/**
 * Starts `sessionlog serve` from dist/ and waits for its ready line.
 * @param {string} path  the session log
 * @param {StartOptions & { args?: string[] }} [options]
 * @returns {Promise<Server>} rejects, with what the server logged, when it ends or says nothing in time; the error's
 * `exit` is how it ended
 */
export function startService(path, { args = [], ...options } = {}) {
  const serve = ["serve", "--listen", "127.0.0.1:0", "--path", path, ...args];
  return startServer(main, serve, { ...options, cwd: dirname(path) });
}

/**
 * Starts any script that logs a line `{"msg":"serving","address":…}` on standard error.
 * @param {string} script
 * @param {string[]} args
 * @param {StartOptions & { cwd?: string }} [options]
 * @returns {Promise<Server>}
 */
export function startServer(script, args, { execArgv = [], prefix = [], ...options } = {}) {
  return startProgram([...prefix, process.execPath, ...execArgv, script, ...args], options);
}

/**
 * Starts any program that logs such a line, in JSON.
 * @param {readonly string[]} line  the program and its words
 * @param {{ env?: Record<string, string>, timeout_ms?: number, cwd?: string }} [options]
 * @returns {Promise<Server>}
 */
export async function startProgram([command, ...words], { env = {}, timeout_ms = 60_000, cwd } = {}) {
  const stdio = ["ignore", "ignore", "pipe"];
  const child = spawn(command, words, { stdio, cwd, env: { ...environment, ...env } });
  running.add(child);
  child.once("exit", () => running.delete(child));
  const exited = once(child, "exit").then(([code, signal]) => signal ?? code);
  let log = "";
  const lines = createInterface({ input: child.stderr });
  const serving = new Promise((resolve) => {
    lines.on("line", (line) => {
      log = `${log}${line}\n`.slice(-65_536);
      const entry = parseLogLine(line);
      if (entry?.msg === "serving") resolve(entry);
    });
  });
  const ready = await Promise.race([serving, exited, after(timeout_ms)]);
  if (typeof ready !== "object") {
    child.kill("SIGKILL");
    const why = ready === undefined ? `did not serve within ${timeout_ms} ms` : `ended with ${ready}`;
    throw Object.assign(new Error(`${[command, ...words].join(" ")} ${why}:\n${log}`), { exit: ready });
  }
  return {
    pid: child.pid,
    address: ready.address,
    path: ready.path,
    stderr: () => log,
    exited,
    async stop(stop_timeout_ms = 15_000) {
      child.kill("SIGTERM");
      const how = await Promise.race([exited, after(stop_timeout_ms)]);
      if (how === undefined) child.kill("SIGKILL");
      return exited;
    },
    kill() {
      child.kill("SIGKILL");
      return exited;
    },
  };
}

/** Resolves with undefined; keeps no process alive. */
function after(timeout_ms) {
  return new Promise((resolve) => setTimeout(resolve, timeout_ms).unref());
}

function parseLogLine(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // a stack trace, or a line of Node's own
  }
}
