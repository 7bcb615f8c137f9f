// The built program as a process of its own: `npm test` builds it first.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { sessionBytes, startTestServer } from "../../support/server.js";
import { getJson } from "../../view/support.js";
import { runCli, temporaryDirectory } from "../support.js";

const program = resolve("dist/main.js");
const EXAMPLES = resolve("examples");

/** Starts the viewer; resolves with its first line. */
async function start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [program, "view", ...args], {
    cwd: temporaryDirectory(),
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let stderr = "";
  child.stderr.on("data", (block) => {
    stderr += block;
  });
  const ended = once(child, "close").then(([code]) => ({ code, stderr }));
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    break;
  }
  const [url = "", path = ""] = (lines[0] ?? "").split("  ");
  return { child, ended, url, path };
}

describe("sessionlog view", () => {
  test("prints its address and the log in one line, answers, and ends with Ctrl-C", async () => {
    const { child, ended, url, path } = await start(["--path", EXAMPLES, "--langfuse-url", "https://langfuse.example"]);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[A-Za-z0-9_-]{43}\/$/);
    expect(path).toBe(EXAMPLES);
    expect(Object(await getJson(`${url}api/overview`)).total.sessions).toBe(2000);
    const { langfuse_url, command } = await getJson(`${url}api/session?id=10e1773b`);
    expect(langfuse_url).toBe("https://langfuse.example/trace/10e1773be131a04f9d29ee620866a3b0");
    expect(command).toBe(`sessionlog show 10e1773be131a04f9d29ee620866a3b0 --path ${EXAMPLES}`);
    child.kill("SIGINT");
    expect(await ended).toEqual({ code: 0, stderr: "" });
  }, 60_000);

  test("joins a roster and replay runs, as the configuration and the flags name them", async () => {
    const runs = join(temporaryDirectory(), "runs.jsonl");
    const id = "10e1773be131a04f9d29ee620866a3b0";
    writeFileSync(runs, `{"session_id":"${id}","model":"x"}\n{"session_id":"other"}\n`);
    const { url } = await start(["--path", EXAMPLES, "--roster", join(EXAMPLES, "roster.csv"), "--replay-runs", runs]);
    const found = Object(await getJson(`${url}api/session?id=${id}`));
    expect(found.roster.unknown).toEqual(["W-9917"]);
    expect(found.replay_runs).toEqual({ runs: [{ session_id: id, model: "x" }], truncated: false });
    const panel = Object(await getJson(`${url}api/panel/replay-runs`));
    expect(panel.rows.length).toBe(1);
  }, 60_000);

  test("opens the page by a file that only its user can read", async () => {
    const directory = temporaryDirectory();
    const browser = join(directory, "browser");
    const seen = join(directory, "seen");
    writeFileSync(browser, `#!/bin/sh\necho "$@" > ${seen}.tmp\nmv ${seen}.tmp ${seen}\n`);
    chmodSync(browser, 0o700);
    const { child, ended, url } = await start(["--path", EXAMPLES, "--open"], { BROWSER: browser });
    await expect.poll(() => existsSync(seen), { timeout: 60_000 }).toBe(true);
    const shown = readFileSync(seen, "utf8").trim();
    expect(shown).not.toContain(url);
    const file = fileURLToPath(shown);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, "utf8")).toContain(`content="0;url=${url}"`);
    child.kill("SIGTERM");
    expect((await ended).code).toBe(0);
    expect(existsSync(file)).toBe(false);
  }, 60_000);

  test("shows the sessions of a service as they come, and says when it is away", async () => {
    const server = await startTestServer();
    const { url } = await start(["--path", server.path, "--address", server.address]);
    expect(Object(await getJson(`${url}api/overview`)).viewer.live).toBe("service");
    const events: string[] = [];
    const live = await fetch(`${url}api/live`);
    const reading = (async () => {
      const decoder = new TextDecoder();
      for await (const block of live.body ?? []) events.push(decoder.decode(block));
    })().catch(() => {});
    await expect.poll(() => events.join(""), { timeout: 60_000 }).toContain('"state":"following"');
    await server.client.append(sessionBytes({ session_id: "from-the-service" }));
    await expect.poll(() => events.join(""), { timeout: 60_000 }).toContain("from-the-service");
    await expect
      .poll(async () => Object(await getJson(`${url}api/overview`)).total.sessions, { timeout: 60_000 })
      .toBe(1);
    expect(events.join("").match(/from-the-service/g)).toHaveLength(1);
    await server.close();
    await expect.poll(() => events.join(""), { timeout: 60_000 }).toContain('"state":"paused"');
    void reading;
  }, 120_000);

  test.each([
    [["--listen", "0.0.0.0:0"], "Expected 127.0.0.1, localhost or [::1] and a port, such as 127.0.0.1:8080."],
    [["--listen", "192.168.0.1:80"], "Expected 127.0.0.1"],
    [["--listen", "127.0.0.2:80"], "Expected 127.0.0.1"],
    [["--listen", "unix:/tmp/x"], "Expected 127.0.0.1"],
    [["--listen", "127.0.0.1"], "Expected 127.0.0.1"],
    [["--address", "nowhere"], '--address: expected "host:port" or "unix:/path"'],
    [["--replay-run", "x"], "unknown option '--replay-run' (Did you mean --replay-runs?)"],
  ])("refuses %j with 2 and one line", async (args, message) => {
    const { code, stdout, stderr } = await runCli(["view", ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(stderr).toContain(message);
  });

  test("ends with 1 when its port is taken", async () => {
    const first = await start(["--path", EXAMPLES]);
    const { port } = new URL(first.url);
    const second = await start(["--path", EXAMPLES, "--listen", `127.0.0.1:${port}`]);
    expect(await second.ended).toEqual({
      code: 1,
      stderr: `sessionlog: 127.0.0.1:${port}: EADDRINUSE: cannot listen\n`,
    });
  }, 60_000);
});
