// The process that `runSupervised` starts, with the command line as its arguments.
import { EventEmitter } from "node:events";
import { renameSync, rmSync, writeSync } from "node:fs";
import { Writable } from "node:stream";
import { isatty } from "node:tty";
import { errorCode } from "../config/errors.js";
import type { CliContext, Supervisor } from "./context.js";
import { runProcess } from "./process.js";
import { STOP_SIGNALS } from "./signals.js";
import { type ChildMessage, STDERR_FD } from "./supervisor.js";

/** For a reader of standard error that is slow: a second. */
const WRITES_MAX = 100;
const WRITE_PAUSE_MS = 10;

/** What a command has of its process here: signals come by way of the supervisor. Without it, the process ends. */
function connectToSupervisor(): Required<Pick<CliContext, "stderr" | "signals" | "supervisor">> {
  const signals = new EventEmitter();
  const temporary: string[] = [];
  const send = (message: ChildMessage) => {
    if (process.connected) process.send?.(message);
  };
  const end = () => {
    for (const path of temporary) removeInUse(path);
    process.kill(process.pid, "SIGKILL");
  };
  // A terminal sends its signals to both.
  for (const name of STOP_SIGNALS) process.on(name, () => {});
  process.on("disconnect", end).on("message", () => {
    if (!signals.emit("SIGTERM")) end();
  });
  const supervisor: Supervisor = {
    limit: (limits) => send({ kind: "limits", ...limits }),
    temporary(path) {
      temporary.push(path);
      send({ kind: "temporary", path });
    },
  };
  const stderr = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      writeAll(Buffer.from(String(chunk)));
      done();
    },
  });
  return { stderr: Object.assign(stderr, { isTTY: isatty(STDERR_FD) }), signals, supervisor };
}

/** DuckDB's threads go on making files until the process is killed: not in a folder that has another name. */
function removeInUse(path: string): void {
  const ended = `${path}.ended`;
  try {
    renameSync(path, ended);
  } catch {
    // It is not there yet, or not any longer.
  }
  rmSync(ended, { recursive: true, force: true });
}

/** Drops what cannot be written: there is nowhere left to report it. */
function writeAll(bytes: Buffer): void {
  for (let [done, tries] = [0, 0]; done < bytes.length && tries < WRITES_MAX; ) {
    try {
      done += writeSync(STDERR_FD, bytes, done);
    } catch (error) {
      if (errorCode(error) !== "EAGAIN") return;
      tries += 1;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WRITE_PAUSE_MS);
    }
  }
}

await runProcess(process.argv.slice(2), connectToSupervisor());
