import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { loadavg } from "node:os";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { median, p99 } from "../../bench/lib/figures.mjs";
import { atExit } from "../../harness/cleanup.mjs";
import { startService } from "../../harness/server.mjs";
import { createMemoryGroup, watchMemory } from "./memory.mjs";

const SHORT_MS = 4_000;
const LONG_MS = 20_000;
const BEFORE_CALLS = 50;
const RECOVERY_MS_MAX = 10_000;
const PEAK_MIB_MAX = 600;
/** On top of what calls take without an attack, should the machine have other work. */
const P99_MS_MAX = 1_000;
/** Back to normal: the median of so many calls is no longer than the slowest hundredth before, and some. */
const NORMAL_CALLS = 20;
const NORMAL_SLACK_MS = 20;
/** Less than other programs of the machine, so that not the processors are what is fought for. */
const NICENESS = 10;

/**
 * An attack on a service of its own, beside a client that appends.
 * @param {{ name: string, about: string, attack: string, connections: number, attack_ms?: number, tls?: boolean, ops?: boolean }} options
 *   `attack`: a file of attacks/; `tls`: the service speaks TLS; `ops`: the port of /metrics is attacked
 * @returns {import("../../harness/outcome.mjs").Campaign}
 */
export function underAttack({ name, about, attack, connections, attack_ms = SHORT_MS, tls = false, ops = false }) {
  return {
    name,
    about,
    async run({ directory, long }) {
      const group = createMemoryGroup();
      const args = [...(tls ? createPair(directory) : []), ...(ops ? ["--metrics-listen", "127.0.0.1:0"] : [])];
      const service = await startService(join(directory, "sessions.jsonl"), { args, prefix: group?.prefix ?? [] });
      const [, ops_address] = /"address":"([^"]+)","msg":"metrics are served"/.exec(service.stderr()) ?? [];
      const memory = watchMemory(service.pid);
      const bystander = startBystander(service.address, tls ? join(directory, "cert.pem") : "");
      try {
        await bystander.calls(BEFORE_CALLS);
        const before = bystander.take();
        const attacker = startAttacker(attack, ops ? ops_address : service.address, connections);
        await after(long ? LONG_MS : attack_ms);
        const cuts = attacker.stop();
        const during = bystander.take();
        const peak_mib = Math.round(memory.takePeak() / 1024 ** 2);
        const normal_ms = p99(before.took_ms) + NORMAL_SLACK_MS;
        const recovery_ms = await bystander.until(normal_ms);
        const exit = await Promise.race([service.exited, after(0)]);
        const all = [...during.took_ms, during.waiting_ms];
        const p99_ms = p99(all);
        const broken = [];
        if (exit !== undefined) broken.push(`the service ended with ${exit}: ${service.stderr().slice(-600)}`);
        if (peak_mib >= PEAK_MIB_MAX) broken.push(`${peak_mib} MiB of memory, expected less than ${PEAK_MIB_MAX}`);
        if (p99_ms >= P99_MS_MAX + p99(before.took_ms))
          broken.push(`the other client's p99 was ${Math.round(p99_ms)} ms`);
        if (recovery_ms === undefined) broken.push(`not back to normal within ${RECOVERY_MS_MAX} ms`);
        if (during.failures.size > 0) broken.push(`the other client's calls failed: ${[...during.failures.keys()]}`);
        return {
          broken,
          figures: {
            "p50 ms": round(median(all)),
            "p99 ms": round(p99_ms),
            "p99 ms before": round(p99(before.took_ms)),
            calls: during.took_ms.length,
            [`peak MiB (${group === undefined ? "RSS, no cgroup" : "cgroup of 1 GiB"})`]: peak_mib,
            "recovery ms": Math.round(recovery_ms ?? Number.NaN),
            cuts,
            load: round(loadavg()[0]),
          },
        };
      } finally {
        memory.stop();
        bystander.stop();
        await service.kill();
        group?.remove();
      }
    },
  };
}

/** @returns {string[]} the flags of a service with a certificate of its own */
function createPair(directory) {
  const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
  const of = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"];
  const made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert];
  execFileSync("openssl", ["req", "-x509", ...made, ...of], { stdio: "ignore" });
  return ["--tls-cert", cert, "--tls-key", key];
}

/** @param {string} ca_file  "" without TLS */
function startBystander(address, ca_file) {
  const child = startChild("bystander.mjs", [address, ca_file]);
  let begun_ms = performance.now();
  let took_ms = [];
  let failures = new Map();
  child.on("message", (call) => {
    begun_ms = performance.now();
    took_ms.push(call.took_ms);
    if (call.failure !== undefined) failures.set(call.failure, (failures.get(call.failure) ?? 0) + 1);
  });
  return {
    /** What came since it was last asked, and how long the call in progress has waited. */
    take() {
      const taken = { took_ms, failures, waiting_ms: performance.now() - begun_ms };
      took_ms = [];
      failures = new Map();
      return taken;
    },
    async calls(count) {
      while (took_ms.length < count) await after(20);
    },
    async until(target_ms) {
      const asked_ms = performance.now();
      while (performance.now() - asked_ms < RECOVERY_MS_MAX) {
        await after(20);
        const last = took_ms.slice(-NORMAL_CALLS);
        if (last.length === NORMAL_CALLS && median(last) <= target_ms) return performance.now() - asked_ms;
      }
      return undefined;
    },
    stop: () => child.kill("SIGKILL"),
  };
}

function startAttacker(attack, address, connections) {
  const child = startChild("attacker.mjs", [attack, address, String(connections)], NICENESS);
  let cuts = 0;
  child.on("message", () => {
    cuts += 1;
  });
  return {
    /** @returns {number} how often a connection was cut */
    stop() {
      child.kill("SIGKILL");
      return cuts;
    },
  };
}

function startChild(script, args, niceness) {
  const path = new URL(script, import.meta.url).pathname;
  const options = { stdio: ["ignore", "inherit", "inherit", "ipc"] };
  const child =
    niceness === undefined
      ? fork(path, args, options)
      : fork(path, args, { ...options, execPath: "nice", execArgv: ["-n", String(niceness), process.execPath] });
  const settled = atExit(() => child.kill("SIGKILL"));
  once(child, "exit").then(settled);
  return child;
}

function round(number) {
  return Math.round(number * 10) / 10;
}
