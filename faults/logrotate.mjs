import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Skip } from "../harness/outcome.mjs";
import { startService } from "../harness/server.mjs";
import { findTool } from "../harness/tools.mjs";
import { createInspector, parseRows } from "./support/files.mjs";
import { createLedger } from "./support/ledger.mjs";
import { after, startLoad, until } from "./support/load.mjs";
import { createRecords } from "./support/records.mjs";

const run = promisify(execFile);
/** A moved or cut file is noticed within a second. */
const NOTICED_MS = 1_000;

/** @type {import("../harness/outcome.mjs").Campaign} */
export const logrotate = {
  name: "logrotate",
  about: "the real logrotate under load: create mode with SIGHUP, and copytruncate, which is lossy",
  async run({ long, random, directory }) {
    const program = findTool("logrotate", ["/usr/sbin"]);
    if (program === undefined) throw new Skip("logrotate is not installed");
    const times = long ? 50 : 5;

    const created = await rotateUnderLoad(program, join(directory, "create"), times, random, (pid) => [
      "create 0640",
      `postrotate\n kill -HUP ${pid}\n endscript`,
    ]);
    const found = await createInspector(created.path, created.rotated).inspect(created.ledger);

    const truncated = await rotateUnderLoad(program, join(directory, "truncate"), times, random, () => [
      "copytruncate",
    ]);
    const left = await whatIsLeft(truncated);
    return {
      figures: {
        rotations: times,
        ...found.figures,
        "slowest reply ms": created.slowest_ms,
        "copytruncate rotations": times,
        "its acknowledged": truncated.ledger.acknowledged.size,
        "its lost": left.lost,
        "torn copies": left.torn_copies,
      },
      broken: [...found.broken, ...created.broken, ...truncated.broken, ...left.broken],
    };
  },
};

/** @returns what was sent, and the files that logrotate made, oldest first */
async function rotateUnderLoad(program, directory, times, random, directives) {
  await mkdir(directory, { mode: 0o700 });
  const path = join(directory, "sessions.jsonl");
  const config = join(directory, "logrotate.conf");
  const ledger = createLedger();
  const broken = [];
  let slowest_ms = 0;
  const server = await startService(path);
  const onRefusal = ({ code_name, message }) => {
    throw new Error(`an append ended with ${code_name}: ${message}`);
  };
  const load = startLoad(server.address, { ledger, next: createRecords("rotate"), unary: 6, batch: 2, onRefusal });
  try {
    const lines = ["size 1", "rotate 1000", "nocompress", ...directives(server.pid)];
    await writeFile(config, `${path} {\n ${lines.join("\n ")}\n}\n`, { mode: 0o644 });
    for (let time = 0; time < times; time += 1) {
      await after(random.int(50, 400));
      await run(program, ["--force", "--state", join(directory, "state"), config]);
      const before = load.replies;
      const goes_on = await until(() => load.replies > before + 10, 10_000, 1);
      slowest_ms = Math.max(slowest_ms, Math.round(goes_on ?? Number.POSITIVE_INFINITY));
      // Rows go to the new file from now on.
      const size = async () => (await readFile(path).catch(() => "")).length;
      if ((await until(async () => (await size()) > 0, NOTICED_MS, 5)) === undefined) {
        broken.push(`no row was in the new file within ${NOTICED_MS} ms`);
      }
    }
  } finally {
    load.stop();
    await load.ended.catch((error) => broken.push(error.message));
    const code = await server.stop();
    if (code !== 0) broken.push(`the service ended with ${code}`);
  }
  const names = (await readdir(directory)).filter((name) => /^sessions\.jsonl\.\d+$/.test(name));
  const rotated = names.sort((a, b) => Number(b.split(".")[2]) - Number(a.split(".")[2]));
  if (rotated.length !== times) broken.push(`logrotate made ${rotated.length} files, expected ${times}`);
  return { path, rotated: rotated.map((name) => join(directory, name)), ledger, broken, slowest_ms };
}

/** After copytruncate rows may be gone or be there twice, and a copy may end in the midst of a row; no more than that. */
async function whatIsLeft({ path, rotated, ledger }) {
  const broken = [];
  const present = new Set();
  let torn_copies = 0;
  for (const file of [...rotated, path]) {
    const { ids, torn } = parseRows(await readFile(file));
    if (torn && file === path) broken.push("the log's last line has no end");
    else if (torn) torn_copies += 1;
    const whole = torn ? ids.slice(0, -1) : ids;
    if (whole.includes(undefined)) broken.push(`${file}: has lines that are not JSON objects`);
    for (const id of ids) present.add(id);
  }
  const lost = [...ledger.acknowledged.keys()].filter((id) => !present.has(id)).length;
  return { broken, lost, torn_copies };
}
