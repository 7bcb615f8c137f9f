// The built program beside a reader that has stopped to read: its standard error or output is a full pipe.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createApiClient } from "@sessionlog/client/rpc/api_client";
import { describe, expect, onTestFinished, test } from "vitest";
import { sessionBytes } from "../support/server.js";
import { temporaryDirectory } from "./support.js";

const program = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const PIPE_BYTES = 65_536;

/** A pipe that takes PIPE_BYTES and no more until `read` is called. */
function createPipe(directory: string) {
  const path = join(directory, "pipe");
  execFileSync("mkfifo", [path]);
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  onTestFinished(() => closeSync(fd));
  const block = Buffer.alloc(PIPE_BYTES);
  return {
    fd,
    /** What is in it. */
    read(): string {
      try {
        return block.toString("utf8", 0, readSync(fd, block));
      } catch {
        return "";
      }
    },
  };
}

function start(args: readonly string[], stdio: readonly ("ignore" | number)[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: temporaryDirectory(),
    env: { PATH: process.env.PATH, ...env },
    stdio: [...stdio],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return { child, ended: once(child, "exit") };
}

function residentMebibytes(pid: number | undefined): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}

function writtenBytes(pid: number | undefined): number {
  return Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1]);
}

describe("a standard error that nobody reads", () => {
  /** A service whose log nobody reads after the first appends, and that has as much to log as grpc-js can produce. */
  async function serveUnread(directory: string) {
    const pipe = createPipe(directory);
    const socket = join(directory, "s.sock");
    const args = ["serve", "--listen", `unix:${socket}`, "--path", join(directory, "sessions.jsonl"), "--unsafe-trace"];
    const service = start(args, ["ignore", "ignore", pipe.fd], {
      GRPC_TRACE: "all",
      GRPC_VERBOSITY: "DEBUG",
      NODE_OPTIONS: "--max-semi-space-size=1",
    });
    const client = createApiClient(`unix:${socket}`);
    onTestFinished(() => client.close());
    // Logged several times a call.
    const metadata = { padding: "x".repeat(14_000) };
    const append = async (count: number) => {
      for (let calls = 0; calls < count; calls++) {
        while (!(await client.append(sessionBytes(), { metadata })).ok) await sleep(10);
      }
    };
    await append(100);
    return { ...service, pipe, append };
  }

  test("a service goes on, keeps little of its log in memory, and ends at SIGTERM", async () => {
    const { child, ended, append } = await serveUnread(temporaryDirectory());
    await append(200);
    const before = residentMebibytes(child.pid);
    await append(2_500);

    expect(residentMebibytes(child.pid) - before).toBeLessThan(90);
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });

  test("a service says how many lines it dropped, once they are read again", async () => {
    const { child, ended, pipe, append } = await serveUnread(temporaryDirectory());
    await append(100);
    let text = "";
    await expect
      .poll(() => (text = (text + pipe.read()).slice(-2 * PIPE_BYTES)), { interval: 1 })
      .toMatch(/^\{"level":40,.*"dropped_lines":[1-9]\d*,"msg":"log lines were dropped here/m);
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });
});

describe("a standard output that nobody reads", () => {
  test("tail ends at the first signal", async () => {
    const directory = temporaryDirectory();
    const address = `unix:${join(directory, "s.sock")}`;
    start(["serve", "--listen", address, "--path", join(directory, "sessions.jsonl")], ["ignore", "ignore", "ignore"]);
    const client = createApiClient(address);
    onTestFinished(() => client.close());
    const prompt = "x".repeat(4_000);
    const records = Array.from({ length: 300 }, (_, n) => sessionBytes({ session_id: `s${n}`, prompt }));
    while (!(await client.appendBatch(records)).ok) await sleep(10);

    const { fd } = createPipe(directory);
    const { child, ended } = start(["tail", "-f", "-n", "300", "--address", address], ["ignore", fd, "ignore"]);
    await expect.poll(() => writtenBytes(child.pid)).toBeGreaterThan(PIPE_BYTES / 2);
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });
});
