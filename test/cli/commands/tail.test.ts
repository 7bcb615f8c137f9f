import { EventEmitter } from "node:events";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createApiClient } from "@sessionlog/client/rpc/api_client";
import { describe, expect, onTestFinished, test } from "vitest";
import { fixedConfig } from "../../../src/config/reload.js";
import { createJournal } from "../../../src/journal/index.js";
import { launchService } from "../../../src/service/launch.js";
import { collectLogs, sessionBytes, startTestServer, type TestServer, testConfig } from "../../support/server.js";
import { createSink, runCli, temporaryDirectory } from "../support.js";

async function start(): Promise<TestServer> {
  const server = await startTestServer();
  onTestFinished(async () => void (await server.close()));
  return server;
}

async function append(client: TestServer["client"], ...ids: readonly string[]): Promise<void> {
  const reply = await client.appendBatch(ids.map((session_id) => sessionBytes({ session_id })));
  expect(reply).toMatchObject({ ok: true });
}

/** The ids of the rows that were printed as JSON. */
const ids = (text: string) => [...text.matchAll(/"session_id":"([^"]*)"/g)].map(([, id]) => id);

/** Starts `tail --follow`; `stop` interrupts it and resolves with what it did. */
function follow(address: string, ...args: readonly string[]) {
  const [stdout, signals] = [createSink(), new EventEmitter()];
  const running = runCli(["tail", "--follow", "--address", address, ...args], { stdout, signals });
  return {
    stdout,
    ended: running,
    stop: () => {
      signals.emit("SIGINT");
      return running;
    },
  };
}

describe("tail", () => {
  test("tail prints the last rows as they are stored", async () => {
    const server = await start();
    await append(server.client, ...Array.from({ length: 15 }, (_, index) => `s${index + 1}`));
    const tail = (...args: readonly string[]) => runCli(["tail", "--address", server.address, ...args]);
    const last = (count: number) => server.rows().slice(-count).join("\n").concat("\n");
    expect(await tail()).toEqual({ code: 0, stdout: last(10), stderr: "" });
    expect(await tail("-n", "2")).toEqual({ code: 0, stdout: last(2), stderr: "" });
    expect(await tail("--from-sequence", "4")).toEqual({ code: 0, stdout: last(12), stderr: "" });
    expect((await tail("-n", "1", "--format", "line", "--sequence")).stdout).toBe(
      "15\t2026-05-02 05:22:09 !   fill   validatord 0 ms   s15\n",
    );
  });

  test("tail prints only what passes the filters", async () => {
    const server = await start();
    const accepted = { final_verdict: "accepted", attempts: [{ iteration: 0, verdict_kind: "accepted" }] };
    for (const fields of [
      { session_id: "s1", kind: "email", model: "a" },
      { session_id: "s2", kind: "playbook", daemon: "other" },
      { session_id: "s3", model: "b", iterations: 1, ...accepted, grounded_in_roster: false },
      { session_id: "s4" },
    ])
      expect(await server.client.append(sessionBytes(fields))).toMatchObject({ ok: true });
    const tail = async (...args: readonly string[]) =>
      ids((await runCli(["tail", "--address", server.address, ...args])).stdout);
    expect(await tail("--kind", "email", "--kind", "playbook")).toEqual(["s1", "s2"]);
    expect(await tail("--daemon", "other")).toEqual(["s2"]);
    expect(await tail("--model", "a", "--model", "b")).toEqual(["s1", "s3"]);
    expect(await tail("--verdict", "accepted")).toEqual(["s3"]);
    expect(await tail("--ungrounded")).toEqual(["s3"]);
  });

  test("tail --follow goes on with each new row, until it is interrupted", async () => {
    const server = await start();
    await append(server.client, "s1", "s2");
    const tail = follow(server.address, "-n", "1");
    await expect.poll(() => ids(tail.stdout.text())).toEqual(["s2"]);
    await append(server.client, "s3");
    await expect.poll(() => ids(tail.stdout.text())).toEqual(["s2", "s3"]);
    expect(await tail.stop()).toMatchObject({ code: 0, stderr: "" });
  });

  test("tail --follow goes on where it was after the service has restarted, also when it had printed nothing", async () => {
    const directory = temporaryDirectory();
    const serve = async (listen: string) => {
      const service = await launchService(
        fixedConfig(testConfig(directory, { server: { listen } })),
        collectLogs().logger,
        {
          createJournal,
          now: () => ({ seconds: 1, nanos: 0 }),
          newSessionId: () => "new",
        },
      );
      await service.opened;
      return service;
    };
    const first = await serve("127.0.0.1:0");
    const client = createApiClient(first.address);
    await append(client, "s1");
    const [all, fresh] = [follow(first.address), follow(first.address, "-n", "0", "--kind", "fill")];
    await expect.poll(() => ids(all.stdout.text())).toEqual(["s1"]);
    first.stop();
    await first.ended;
    const second = await serve(first.address);
    await append(client, "s2", "s3");
    await expect.poll(() => ids(all.stdout.text())).toEqual(["s1", "s2", "s3"]);
    await expect.poll(() => ids(fresh.stdout.text())).toEqual(["s2", "s3"]);
    expect(await all.stop()).toMatchObject({ code: 0, stderr: expect.stringMatching(/waiting for the service\n$/) });
    await fresh.stop();
    client.close();
    second.stop();
    await second.ended;
  });

  test("tail stops when nobody reads its output any more", async () => {
    const server = await start();
    await append(server.client, "s1");
    const tail = follow(server.address);
    await expect.poll(() => tail.stdout.text()).toContain("s1");
    tail.stdout.stream.destroy();
    await append(server.client, "s2");
    expect(await tail.ended).toMatchObject({ code: 0 });
  });

  test("tail tells of rows that are missing, and exits with 1", async () => {
    const server = await start();
    await append(server.client, "s1", "s2");
    server.service.rotate();
    await append(server.client, "s3");
    for (const name of readdirSync(server.directory)) {
      if (/-\d{20}\.jsonl$/.test(name)) rmSync(join(server.directory, name));
    }
    const result = await runCli(["tail", "--address", server.address, "--from-sequence", "1"]);
    expect(result).toMatchObject({
      code: 1,
      stdout: `${server.rows().join("\n")}\n`,
      stderr:
        "sessionlog: rows up to number 2 are missing: removed, unreadable, too large, or not records of this schema\n",
    });
  });
});

describe("tail's errors", () => {
  test.each([
    [
      ["--verdict", "refused"],
      /^sessionlog: option '--verdict <verdict>' argument 'refused' is invalid\. Expected one of /,
    ],
    [["-n", "-1"], /Expected a whole number from 0 to 1000000/],
    [
      ["-n", "3", "--from-sequence", "4"],
      /'--from-sequence <number>' cannot be used with option '-n, --last <number>'/,
    ],
    [["-n", "0"], /^sessionlog: --last 0 prints nothing without --follow$/],
    [["--address", "nowhere"], /^sessionlog: --address: expected "host:port" or "unix:\/path"; got "nowhere"$/],
  ])("tail %j is wrong usage", async (args, message) => {
    const { code, stdout, stderr } = await runCli(["tail", ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr.trim()).toMatch(message);
  });

  test.each([[[]], [["--follow"]]])("tail %j of a service that is not there fails in one line", async (args) => {
    const { code, stderr } = await runCli(["tail", "--address", "127.0.0.1:1", ...args]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^sessionlog: 127\.0\.0\.1:1: no service there\n$/);
  });
});
