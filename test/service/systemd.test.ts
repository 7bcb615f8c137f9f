import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { notifySystemd } from "../../src/service/systemd.js";
import { collectLogs } from "../support/server.js";

/** A directory with a program of systemd-notify's name; conformance runs the real one. */
function programDirectory(script?: string): string {
  const directory = mkdtempSync(join(tmpdir(), "sessionlog-systemd-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  if (script !== undefined) {
    writeFileSync(join(directory, "systemd-notify"), `#!/bin/sh\n${script}\n`);
    chmodSync(join(directory, "systemd-notify"), 0o755);
  }
  return directory;
}

test.each([
  ["ready", "READY=1"],
  ["stopping", "STOPPING=1"],
] as const)("notifySystemd calls systemd-notify with %s", async (state, word) => {
  const directory = programDirectory(
    '/bin/echo "$NOTIFY_SOCKET $*" > "$PATH/told.part" && /bin/mv "$PATH/told.part" "$PATH/told"',
  );
  const { logger, logs } = collectLogs();
  notifySystemd(state, { NOTIFY_SOCKET: "/run/x", PATH: directory, SECRET: "s" }, logger);
  await expect.poll(() => existsSync(join(directory, "told")), { timeout: 30_000 }).toBe(true);
  expect(readFileSync(join(directory, "told"), "utf8")).toBe(`/run/x --no-block ${word}\n`);
  expect(logs).toEqual([]);
});

test("notifySystemd does nothing where systemd has not started the service", () => {
  const { logger, logs } = collectLogs();
  notifySystemd("ready", { PATH: programDirectory("exit 1") }, logger);
  expect(logs).toEqual([]);
});

test.each([
  ["is not there", undefined, "spawn systemd-notify ENOENT"],
  ["fails", "exit 3", "systemd-notify ended with 3"],
  ["is killed", "kill -9 $$", "systemd-notify ended with SIGKILL"],
])("a systemd-notify that %s is a warning", async (_how, script, reason) => {
  const { logger, logs } = collectLogs();
  notifySystemd("stopping", { NOTIFY_SOCKET: "/run/x", PATH: programDirectory(script) }, logger);
  await expect.poll(() => logs, { timeout: 30_000 }).toHaveLength(1);
  expect(logs[0]).toMatchObject({ state: "stopping", reason, msg: "systemd was not notified" });
});
