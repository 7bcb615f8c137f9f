import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readdir, readFile, rename } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { Skip } from "../harness/outcome.mjs";
import { startService } from "../harness/server.mjs";
import { findTool } from "../harness/tools.mjs";
import { isSettled, listSealed, parseRows } from "./support/files.mjs";
import { createLedger } from "./support/ledger.mjs";
import { after, startLoad, until } from "./support/load.mjs";
import { createRecords } from "./support/records.mjs";

const run = promisify(execFile);
const LIMIT = 100;
/** Standard input, output and error. */
const NONE = 3;
const CONNECTIONS = 200;
const KEPT = 1;
const args = ["--rotation-compress", "gzip", "--retention-max-segments", `${KEPT}`];

/** @type {import("../harness/outcome.mjs").Campaign} */
export const fewDescriptors = {
  name: "few-descriptors",
  about: "no descriptor is left: rotation, gzip, retention and a moved log wait, appends go on; then all is done",
  async run({ long, directory }) {
    if (findTool("prlimit") === undefined) throw new Skip("prlimit is not installed");
    const path = join(directory, "sessions.jsonl");
    const prefix = ["sh", "-c", `ulimit -n ${LIMIT}; exec "$0" "$@"`];
    const server = await startService(path, { args, prefix });
    const ledger = createLedger();
    const next = createRecords("few");
    const figures = { rounds: long ? 10 : 2, "slowest recovery ms": 0 };
    const broken = [];
    const onRefusal = ({ code_name, message }) => {
      throw new Error(`an append ended with ${code_name}: ${message}`);
    };
    try {
      for (let round = 1; round <= figures.rounds; round += 1) {
        const load = startLoad(server.address, { ledger, next, unary: 2, pause_ms: 10, onRefusal });
        await until(() => load.replies > 10, 5_000);
        const whileShort = async (what, done, deed) => {
          const took = await withoutDescriptors(server, load, deed, done);
          if (typeof took === "number")
            figures["slowest recovery ms"] = Math.max(figures["slowest recovery ms"], Math.round(took));
          else broken.push(`round ${round}, ${what}: ${took}`);
        };
        const sealed = (count) => async () => (await listSealed(path)).some(({ last }) => last > count);
        await whileShort("rotation", sealed(ledger.acknowledged.size), () => process.kill(server.pid, "SIGUSR2"));
        const settled = async () => (await listSealed(path)).length === Math.min(round, KEPT) && isSettled(path, true);
        if ((await until(settled, 15_000, 50)) === undefined)
          broken.push(`round ${round}: gzip or retention is not done`);
        const away = `${path}.moved-${round}`;
        await whileShort(
          "a moved log",
          async () => existsSync(path),
          () => rename(path, away),
        );
        load.stop();
        await load.ended;
      }
    } finally {
      const code = await server.stop();
      if (code !== 0) broken.push(`ended with ${code}:\n${server.stderr()}`);
    }
    const found = await idsIn(directory);
    const oldest = (await listSealed(path))[0]?.first ?? 1;
    const missing = [...ledger.acknowledged].filter(([id, sequence]) => sequence >= oldest && !found.includes(id));
    if (missing.length > 0) broken.push(`missing: ${missing.length}`);
    if (new Set(found).size < found.length) broken.push(`doubled: ${found.length - new Set(found).size}`);
    return { figures: { ...figures, acknowledged: ledger.acknowledged.size, rows: found.length }, broken };
  },
};

/** Of all that is left: the log, its segments, and the logs that were moved away. */
async function idsIn(directory) {
  const names = (await readdir(directory)).filter((name) => /\.jsonl(\.gz|\.moved-\d+)?$/.test(name));
  const contents = await Promise.all(names.map((name) => readFile(join(directory, name))));
  return contents.flatMap((bytes, index) => parseRows(names[index].endsWith(".gz") ? gunzipSync(bytes) : bytes).ids);
}

/**
 * Does something that needs a descriptor while none is free.
 * @returns {Promise<number | string>}  how long it took afterwards, in milliseconds, or what was wrong
 */
async function withoutDescriptors(server, load, deed, done) {
  const limit = (soft) => run("prlimit", [`--pid=${server.pid}`, `--nofile=${soft}:${LIMIT}`]);
  // The connections take what they are let. With the limit no further descriptor is opened, whatever number is free.
  const idle = await connectAll(server.address);
  await limit(NONE);
  try {
    await deed();
    await after(1_500);
    const replies = load.replies;
    if ((await until(() => load.replies > replies + 10, 5_000)) === undefined) return "no append is stored meanwhile";
    if (await done()) return "it did not wait";
    if (!server.stderr().includes("short of descriptors or memory"))
      return `it does not say why it waits:\n${server.stderr()}`;
  } finally {
    for (const socket of idle) socket.destroy();
    await limit(LIMIT);
  }
  return (await until(done, 10_000)) ?? "it is not done 10 s after";
}

async function connectAll(address) {
  const [host, port] = address.split(":");
  const sockets = Array.from({ length: CONNECTIONS }, () => connect(Number(port), host));
  for (const socket of sockets) socket.on("error", () => undefined);
  await Promise.all(
    sockets.map((socket) => Promise.race([once(socket, "connect"), once(socket, "close"), after(500)])),
  );
  await after(200);
  return sockets;
}
