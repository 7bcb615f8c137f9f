// The built program as a process of its own: `npm test` builds it first.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { sessionBytes, startTestServer } from "../support/server.js";
import { temporaryDirectory } from "./support.js";

const program = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

function start(args: readonly string[], cwd: string, stdout: "pipe" | number = "pipe") {
  return startCommand(process.execPath, [program, ...args], cwd, {}, stdout);
}

function startCommand(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
  stdout: "pipe" | number = "pipe",
) {
  const child = spawn(command, args, {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", stdout, "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let stderr = "";
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  const ended = once(child, "close").then(([code]) => ({ code, stderr }));
  return { child, ended };
}

/** The address and path of the line that says that appends are accepted; rejects when the process ends before. */
async function servingLine(stderr: Readable | null): Promise<{ address: string; path: string }> {
  if (stderr === null) throw new Error("no standard error");
  for await (const line of createInterface(stderr)) {
    if (!line.includes('"msg":"serving"')) continue;
    const { address, path } = JSON.parse(line);
    return { address, path };
  }
  throw new Error("it ended and never served");
}

describe("main", () => {
  test("main serves until SIGTERM, then ends with 0", async () => {
    const cwd = temporaryDirectory();
    const { child, ended } = start(["serve", "--listen", "127.0.0.1:0"], cwd);
    const ready = await servingLine(child.stderr);
    expect(ready).toMatchObject({ path: join(cwd, "data/sessions.jsonl") });
    expect(ready.address).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);

    const second = start(["serve", "--listen", ready.address, "--path", "other.jsonl"], cwd);
    const { code, stderr } = await second.ended;
    expect(code).toBe(1);
    expect(stderr.split("\n").filter((text) => !text.startsWith("{"))).toEqual([
      expect.stringMatching(`^sessionlog: .*${ready.address}`),
      "",
    ]);

    child.kill("SIGTERM");
    expect(await ended).toMatchObject({ code: 0 });
    expect(readFileSync(join(cwd, "data/sessions.jsonl"), "utf8")).toBe("");
  });

  test("npm start hands SIGTERM on: the service ends with it, its port and its log are free", async () => {
    const cwd = temporaryDirectory();
    const root = fileURLToPath(new URL("../..", import.meta.url));
    const path = join(cwd, "sessions.jsonl");
    const variables = { SESSIONLOG_SERVER_LISTEN: "127.0.0.1:0", SESSIONLOG_LOG_PATH: path };
    const npm = startCommand("npm", ["start", "--ignore-scripts"], root, variables);
    const ready = await servingLine(npm.child.stderr);
    npm.child.kill("SIGTERM");
    expect(await npm.ended).toMatchObject({ code: 0 });

    // Refused while another process has the port or the log.
    const { child, ended } = start(["serve", "--listen", ready.address, "--path", path], cwd);
    expect(await servingLine(child.stderr)).toMatchObject(ready);
    child.kill("SIGTERM");
    expect(await ended).toMatchObject({ code: 0 });
  });

  test("main ends quietly when nobody reads its output", async () => {
    const { child, ended } = start(["schema"], temporaryDirectory());
    child.stdout?.destroy();
    expect(await ended).toEqual({ code: 0, stderr: "" });
  });

  test("main tail --follow ends when nobody reads its output any more", async () => {
    const server = await startTestServer();
    onTestFinished(async () => void (await server.close()));
    const append = (first: number) =>
      server.client.appendBatch([0, 1].map((n) => sessionBytes({ session_id: `s${first + n}` })));
    await append(1);
    const { child, ended } = start(["tail", "-f", "--address", server.address], temporaryDirectory());
    if (child.stdout === null) throw new Error("no standard output");
    await once(child.stdout, "data");
    child.stdout.destroy();
    // The first row is written into the void, before the second one that is known.
    await append(3);
    await append(5);
    expect(await ended).toEqual({ code: 0, stderr: "" });
  });

  test("main ends with 0 when SIGTERM comes once more while it ends, as npm and timeout send it", async () => {
    const server = await startTestServer();
    onTestFinished(async () => void (await server.close()));
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, "rows.jsonl"), "");
    const follow = ["append", "--follow", "--stamp", "--state", "state", "--address", server.address, "rows.jsonl"];
    const { child, ended } = start(follow, cwd);
    if (child.stdout === null) throw new Error("no standard output");
    appendFileSync(join(cwd, "rows.jsonl"), '{"daemon":"d","kind":"email","final_verdict":"infra_error"}\n');
    // Counted, too, so that the command waits for more.
    while (!existsSync(join(cwd, "state")) || !readFileSync(join(cwd, "state"), "utf8").includes('"line":1'))
      await sleep(10);
    child.kill("SIGTERM");
    child.stdout.on("data", () => child.kill("SIGTERM"));
    expect(await ended).toEqual({ code: 0, stderr: "" });
  });

  test.skipIf(!existsSync("/dev/full"))("main says in one line that its output cannot be written", async () => {
    const { ended } = start(["schema"], temporaryDirectory(), openSync("/dev/full", "w"));
    expect(await ended).toEqual({ code: 1, stderr: "sessionlog: standard output: no space left on the device\n" });
  });

  test("main ends with 2 at wrong usage", async () => {
    const { ended } = start(["serve", "--confg", "x"], temporaryDirectory());
    expect(await ended).toEqual({ code: 2, stderr: "sessionlog: unknown option '--confg' (Did you mean --config?)\n" });
  });
});
