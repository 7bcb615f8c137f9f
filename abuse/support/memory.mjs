// The service within 1 GiB of memory, and how much it takes.
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { atExit } from "../../harness/cleanup.mjs";

const LIMIT_BYTES = 1024 ** 3;
const SAMPLE_MS = 50;

/**
 * A memory cgroup of 1 GiB below the one that this process is in (cgroup v1, or v2 with the controller handed on).
 * @returns {{ prefix: string[], remove: () => void } | undefined} the command line that becomes a program in it;
 *   undefined where none can be made
 */
export function createMemoryGroup() {
  const found = ownGroup();
  if (found === undefined) return undefined;
  const directory = join(found.directory, `sessionlog-abuse-${process.pid}`);
  try {
    mkdirSync(directory);
    writeFileSync(join(directory, found.limit), String(LIMIT_BYTES));
  } catch {
    try {
      rmdirSync(directory);
    } catch {}
    return undefined;
  }
  const remove = () => {
    try {
      rmdirSync(directory);
    } catch {}
  };
  const settled = atExit(remove);
  const enter = `echo $$ > ${join(directory, "cgroup.procs")} && exec "$@"`;
  return {
    prefix: ["sh", "-c", enter, "sh"],
    remove() {
      settled();
      remove();
    },
  };
}

function ownGroup() {
  try {
    const groups = readFileSync("/proc/self/cgroup", "utf8");
    const v1 = /^\d+:(?:\w+,)*memory(?:,\w+)*:(.*)$/m.exec(groups);
    if (v1 !== null) return { directory: join("/sys/fs/cgroup/memory", v1[1]), limit: "memory.limit_in_bytes" };
    const v2 = /^0::(.*)$/m.exec(groups);
    return v2 === null ? undefined : { directory: join("/sys/fs/cgroup", v2[1]), limit: "memory.max" };
  } catch {
    return undefined;
  }
}

/**
 * Reads a process's resident set each 50 ms.
 * @param {number} pid
 */
export function watchMemory(pid) {
  let peak_bytes = 0;
  const timer = setInterval(() => {
    peak_bytes = Math.max(peak_bytes, residentBytes(pid));
  }, SAMPLE_MS);
  return {
    /** The highest since it was last asked. */
    takePeak() {
      const taken = Math.max(peak_bytes, residentBytes(pid));
      peak_bytes = 0;
      return taken;
    },
    stop: () => clearInterval(timer),
  };
}

/** 0 when the process is gone. */
function residentBytes(pid) {
  try {
    const [, kib] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(kib ?? 0) * 1024;
  } catch {
    return 0;
  }
}
