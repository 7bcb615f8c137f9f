// The process that `runSupervised` starts. Arguments: whether standard error is a terminal, then the command line.
import { EventEmitter } from "node:events";
import { rmSync } from "node:fs";
import { Writable } from "node:stream";
import type { CliContext, Supervisor } from "./context.js";
import { runProcess } from "./process.js";
import { STOP_SIGNALS } from "./signals.js";
import type { ChildMessage } from "./supervisor.js";

/** What a command has of its process here: standard error and signals come by way of the supervisor. Without it, the process ends. */
function connectToSupervisor(
  child: NodeJS.Process,
  isTTY: boolean,
): Required<Pick<CliContext, "stderr" | "signals" | "supervisor">> {
  const signals = new EventEmitter();
  const temporary: string[] = [];
  const send = (message: ChildMessage, done = () => {}) => {
    if (child.connected) child.send?.(message, undefined, undefined, done);
    else done();
  };
  const stderr = new Writable({
    decodeStrings: false,
    write: (chunk, _encoding, done) => send({ kind: "stderr", text: String(chunk) }, () => done()),
  });
  const end = () => {
    for (const path of temporary) rmSync(path, { recursive: true, force: true });
    child.kill(child.pid, "SIGKILL");
  };
  // A terminal sends its signals to both.
  for (const name of STOP_SIGNALS) child.on(name, () => {});
  child.on("message", () => {
    if (!signals.emit("SIGTERM")) end();
  });
  child.on("disconnect", end);
  const supervisor: Supervisor = {
    limit: (limits) => send({ kind: "limits", ...limits }),
    temporary(path) {
      temporary.push(path);
      send({ kind: "temporary", path });
    },
  };
  return { stderr: Object.assign(stderr, { isTTY }), signals, supervisor };
}

const [isTTY, ...args] = process.argv.slice(2);
await runProcess(args, connectToSupervisor(process, isTTY === "true"));
