// The unit as systemd's own programs read it, and its notifications at a real socket.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { chmod, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { startService } from "../../harness/server.mjs";
import { findTool } from "../../harness/tools.mjs";
import { expectDone } from "../python/environment.mjs";
import { run } from "../stubs.mjs";

const root = new URL("../..", import.meta.url).pathname;
const unit = `${root}ops/systemd/sessionlog.service`;
const EXPOSURE_MAX = 1.5;
const RECEIVER_TIMEOUT_MS = 60_000;

/** @type {import("../run.mjs").Suite} */
export const systemd = {
  name: "systemd",
  missing() {
    const tools = ["systemd-analyze", "systemd-notify", "systemd-sysusers", "python3"];
    const missing = tools.filter((tool) => findTool(tool) === undefined);
    return missing.length === 0 ? undefined : `not here: ${missing.join(", ")}; Debian's package systemd has them`;
  },
  async *run({ path }) {
    const directory = dirname(path);
    yield { name: "systemd-analyze verify has nothing to say", problem: await verifyProblem(directory) };
    yield { name: "systemd-analyze security is at most 1.5", problem: await exposureProblem(directory) };
    yield { name: "sysusers.d makes the user and the group", problem: await userProblem(directory) };
    yield { name: "the service accepts its configuration file", problem: await configProblem(directory) };
    yield { name: "READY=1 comes when it listens, STOPPING=1 when it drains", problem: await notifyProblem(directory) };
  },
};

async function verifyProblem(directory) {
  // The program is not installed on this machine.
  const copy = join(directory, "sessionlog.service");
  const program = `${root}dist/main.js`;
  await chmod(program, 0o755);
  await writeFile(copy, readFileSync(unit, "utf8").replace("/usr/bin/sessionlog", program));
  const { code, output, errors } = await run("systemd-analyze", ["verify", "--man=no", copy], { cwd: directory });
  // It loads what the unit depends on, too, of which not all is on a machine without systemd as its first process.
  const own = `${output}${errors}`.split("\n").filter((line) => line.includes("sessionlog"));
  return code === 0 && own.length === 0 ? undefined : `exit ${code}\n${output}${errors}`;
}

async function exposureProblem(directory) {
  const output = await expectDone("systemd-analyze", ["security", "--no-pager", "--offline=true", unit], directory);
  const exposure = Number(/Overall exposure level for \S+: (\d+\.\d+)/.exec(output)?.[1]);
  return exposure <= EXPOSURE_MAX ? undefined : output;
}

async function userProblem(directory) {
  const made = join(directory, "root");
  await expectDone("mkdir", ["-p", join(made, "etc")], directory);
  await expectDone("systemd-sysusers", [`--root=${made}`, `${root}ops/systemd/sessionlog.sysusers.conf`], directory);
  const [passwd, group] = ["passwd", "group"].map((name) => readFileSync(join(made, "etc", name), "utf8"));
  return /^sessionlog:.*:\/var\/lib\/sessionlog:/m.test(passwd) && /^sessionlog:/m.test(group)
    ? undefined
    : passwd + group;
}

async function configProblem(directory) {
  const words = [`${root}dist/main.js`, "check-config", "--config", `${root}ops/systemd/sessionlog.toml`];
  const { code, output, errors } = await run(process.execPath, words, { cwd: directory });
  const { StateDirectory, RuntimeDirectory, ConfigurationDirectory, ExecStart, TimeoutStopSec } = settingsOf(unit);
  const agree = [
    output.includes(`path = "/var/lib/${StateDirectory}/sessions.jsonl"`),
    RuntimeDirectory === "sessionlog",
    ExecStart.endsWith(`--config /etc/${ConfigurationDirectory}/sessionlog.toml`),
    output.includes(`drain_timeout = "10s"`) && Number.parseInt(TimeoutStopSec, 10) > 10,
  ];
  return code === 0 && !agree.includes(false) ? undefined : `exit ${code}, ${agree}\n${output}${errors}`;
}

/** The last value of each key. */
function settingsOf(file) {
  return Object.fromEntries(
    [...readFileSync(file, "utf8").matchAll(/^(\w+)=(.*)$/gm)].map(([, key, value]) => [key, value]),
  );
}

/** Prints each datagram that comes, a line each. */
const RECEIVER = `
import socket, sys
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind(sys.argv[1])
print("bound", flush=True)
while True:
    print(server.recv(4096).decode().replace("\\n", " "), flush=True)
`;

async function notifyProblem(directory) {
  const socket = join(directory, "notify");
  const receiver = spawn(findTool("python3"), ["-c", RECEIVER, socket], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: RECEIVER_TIMEOUT_MS,
  });
  const lines = createInterface({ input: receiver.stdout })[Symbol.asyncIterator]();
  try {
    await lines.next();
    const service = await startService(join(directory, "notified.jsonl"), { env: { NOTIFY_SOCKET: socket } });
    const ready = (await lines.next()).value;
    const stopping = lines.next();
    const code = await service.stop();
    const said = [ready, (await stopping).value, code, service.stderr().includes("not notified")];
    return said.join() === "READY=1,STOPPING=1,0,false" ? undefined : `${said}\n${service.stderr()}`;
  } finally {
    const ended = once(receiver, "exit");
    receiver.kill();
    await ended;
  }
}
