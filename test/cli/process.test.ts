// Commands in the middle of their work when their terminal goes: SIGHUP, or the signals of an orderly end.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync, readdirSync, readFileSync, readlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { startTestServer } from "../support/server.js";
import { rowText, temporaryDirectory } from "./support.js";

const program = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

/** The processes of a session, its first one not among them. */
function othersOf(session: number | undefined): readonly string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === session) return false;
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ");
      return Number(fields[3]) === session;
    } catch {
      return false;
    }
  });
}

test.each(["append", "import", "verify", "tail"])(
  "SIGHUP ends %s, and leaves no folder and no process",
  async (name) => {
    const directory = temporaryDirectory();
    const temporary = temporaryDirectory();
    const server = await startTestServer();
    onTestFinished(async () => void (await server.close()));
    // Input that begins, and never ends.
    const input = join(directory, "rows.jsonl");
    execFileSync("mkfifo", [input]);
    const fd = openSync(input, constants.O_RDWR | constants.O_NONBLOCK);
    onTestFinished(() => closeSync(fd));
    writeSync(fd, `${rowText()}\n`);
    const args = {
      append: ["--address", server.address, input],
      import: ["--path", join(directory, "sessions.jsonl"), "-"],
      verify: [input],
      tail: ["--follow", "--address", server.address],
    }[name];
    const child = spawn(process.execPath, [program, name, ...(args ?? [])], {
      cwd: directory,
      env: { PATH: process.env.PATH, TMPDIR: temporary },
      stdio: [name === "import" ? fd : "ignore", "ignore", "ignore"],
      detached: true,
    });
    const ended = once(child, "exit");
    if (name === "tail") await expect.poll(() => server.logs.some(({ msg }) => msg === "tail opened")).toBe(true);
    // It has the input open, or the process that it runs has.
    else
      await expect
        .poll(() => [String(child.pid), ...othersOf(child.pid)].flatMap(openFiles))
        .toContain(name === "import" ? `${directory}/sessions.jsonl` : input);
    child.kill("SIGHUP");
    const [code, signal] = await ended;
    expect(code !== null || signal === "SIGHUP").toBe(true);
    expect(readdirSync(temporary)).toEqual([]);
    expect(othersOf(child.pid)).toEqual([]);
    expect(readdirSync(directory).filter((file) => file.includes(".tmp") || file.includes(".torn"))).toEqual([]);
  },
);

function openFiles(pid: string): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}
