// A service of its own for each behaviour, and daemons beside it.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { createSessionLogger } from "@sessionlog/client";
import { startService } from "../../harness/server.mjs";
import { inTemporaryDirectory } from "../../harness/temporary.mjs";

const root = new URL("../..", import.meta.url).pathname;
const run = promisify(execFile);

/** A service that can be down, and loggers for it. */
export async function withService(work) {
  await inTemporaryDirectory(async (directory) => {
    const path = join(directory, "sessions.jsonl");
    let server = await startService(path);
    const { address } = server;
    await server.stop();
    server = undefined;
    const loggers = [];
    const told = [];
    const log = { info: (message) => told.push(message), warn: (message) => told.push(message) };
    const service = {
      address,
      path,
      directory,
      told,
      async start() {
        server = await startService(path, { args: ["--listen", address] });
      },
      stop: () => server.stop(),
      kill: () => server.kill(),
      signal: (name) => process.kill(server.pid, name),
      /** The size that no file of the service may grow beyond; undefined: any. */
      limit: (bytes) => run("prlimit", ["--pid", `${server.pid}`, `--fsize=${bytes ?? "unlimited"}:`]),
      ids: () =>
        readFileSync(path, "utf8")
          .trimEnd()
          .split("\n")
          .map((row) => JSON.parse(row).session_id),
      logger(options) {
        const quick = { daemon: "validatord", log, min_backoff_ms: 10, max_backoff_ms: 100 };
        const logger = createSessionLogger(address, { ...quick, ...options });
        loggers.push(logger);
        return logger;
      },
    };
    try {
      await work(service);
    } finally {
      await Promise.all(loggers.map((logger) => logger.close(0)));
      await server?.kill();
    }
  });
}

/** A daemon of its own that appends 1,000 rows and then runs `end`. */
export function runDaemon(service, options, end) {
  const load = `
    for (let number = 0; number < 1000; number++)
      log.append({ kind: "fill", final_verdict: "accepted", session_id: "session-" + number });
    ${end}`;
  return runProgram(service, options, load);
}

/** A daemon of its own that has a logger `log`. */
export async function runProgram({ address }, options, text) {
  const program = `
    import { createSessionLogger } from ${JSON.stringify(`${root}clients/typescript/dist/index.js`)};
    const log = createSessionLogger(${JSON.stringify(address)}, ${JSON.stringify(options)});
    ${text}`;
  return await run(process.execPath, ["--input-type=module", "--eval", program], { timeout: 30_000 });
}
