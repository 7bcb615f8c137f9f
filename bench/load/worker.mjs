// The load generator's process: runs one closed loop after another, as its parent tells it.
import { readFileSync } from "node:fs";
import { openConnection } from "./connection.mjs";
import { createBodies } from "./records.mjs";

const paths = {
  unary: "/sessionlog.v1.SessionLog/AppendSession",
  batch: "/sessionlog.v1.SessionLog/BatchAppendSessions",
};
const clockTick_us = 10_000;

// One source for all loops of this process, so that no record comes twice.
const [row_bytes = "960"] = process.argv.slice(2);
const nextBody = createBodies(Number(row_bytes), Date.now().toString(16));

/**
 * @typedef {object} Load
 * @property {string} address
 * @property {number} pid  the server's
 * @property {number} batch  records a call; 1 is AppendSession
 * @property {number} calls  how many are under way at any time
 * @property {number} connections
 * @property {{ ca?: string, token?: string }} [credentials]  see openConnection
 * @property {number} warmup_ms
 * @property {number} duration_ms
 * @property {number} [records]  stop after so many, if that comes first
 */

/**
 * @param {Load} load
 * @returns {Promise<object>} what was measured after the warm-up; `acknowledged_in_all` counts the warm-up too
 */
async function runLoad(load) {
  const latencies = [];
  let broken = (error) => console.error(error);
  let sent = 0;
  let acknowledged_in_all = 0;
  let failed = 0;
  let acknowledged = 0;
  let measuring = false;
  let stopping = false;
  let underWay = 0;

  const path = load.batch === 1 ? paths.unary : paths.batch;
  const opening = Array.from({ length: load.connections }, () =>
    openConnection(load.address, path, (error) => broken(error), load.credentials),
  );
  const connections = await Promise.all(opening);

  const finished = new Promise((resolve, reject) => {
    broken = reject;

    function call(connection) {
      if (stopping || sent >= (load.records ?? Number.POSITIVE_INFINITY)) {
        if (underWay === 0) resolve();
        return;
      }
      underWay += 1;
      sent += load.batch;
      const started_ms = performance.now();
      connection.call(nextBody(load.batch), (ok, reply_bytes) => {
        underWay -= 1;
        // An accepted record's result has some 50 bytes, the session_id among them; a refused batch would be OK as well.
        const good = ok && reply_bytes > 40 * load.batch;
        if (good) acknowledged_in_all += load.batch;
        if (measuring) {
          latencies.push(performance.now() - started_ms);
          if (good) acknowledged += load.batch;
          else failed += 1;
        }
        call(connection);
      });
    }

    for (let index = 0; index < load.calls; index += 1) call(connections[index % connections.length]);
  });

  await Promise.race([finished, sleep(load.warmup_ms)]);
  measuring = true;
  const before = snapshot(load.pid);
  await Promise.race([finished, sleep(load.duration_ms)]);
  measuring = false;
  const after = snapshot(load.pid);
  stopping = true;
  await Promise.race([finished, sleep(10_000)]);
  for (const connection of connections) connection.close();

  latencies.sort((a, b) => a - b);
  const seconds = (after.at_ms - before.at_ms) / 1000;
  return {
    acknowledged_in_all,
    failed,
    records_per_second: acknowledged / seconds,
    p50_ms: latencies[Math.floor(latencies.length * 0.5)],
    p99_ms: latencies[Math.floor(latencies.length * 0.99)],
    cpu_us_per_record: (after.server_us - before.server_us) / acknowledged,
    server_busy: (after.server_us - before.server_us) / 1e6 / seconds,
    generator_busy: (after.own_us - before.own_us) / 1e6 / seconds,
  };
}

function snapshot(pid) {
  const own = process.cpuUsage();
  return { at_ms: performance.now(), server_us: cpuOf(pid), own_us: own.user + own.system };
}

/** User and system time of a process, all of its threads: fields 14 and 15 of /proc/PID/stat. NaN where there is no /proc. */
function cpuOf(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return (Number(fields[11]) + Number(fields[12])) * clockTick_us;
  } catch {
    return Number.NaN;
  }
}

function sleep(time_ms) {
  return new Promise((resolve) => setTimeout(resolve, time_ms));
}

process.on("message", async (load) => {
  try {
    process.send({ result: await runLoad(load) });
  } catch (error) {
    process.send({ error: String(error) });
  }
});
process.on("disconnect", () => process.exit());
