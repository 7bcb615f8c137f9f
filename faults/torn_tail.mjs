import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createJournal } from "../dist/journal/index.js";
import { createRecordToRow } from "../dist/record/index.js";
import { startService } from "../harness/server.mjs";
import { createLedger } from "./support/ledger.mjs";
import { retryOpen } from "./support/load.mjs";
import { createShortRecords } from "./support/records.mjs";

const ROWS = 8;
const NUL = Buffer.alloc(700);
/** Half of "€", and what no encoding has. */
const HALF_CHARACTER = Buffer.from([0xe2, 0x82]);

/** @type {import("../harness/outcome.mjs").Campaign} */
export const tornTail = {
  name: "torn-tail",
  about:
    "the log's end torn at every byte of its last three rows: cut off, NULs, garbage, half a character, a lost page",
  async run({ long, random, directory }) {
    const next = createShortRecords("torn");
    const toRow = createRecordToRow({ kinds: ["fill"] });
    const records = Array.from({ length: ROWS + 1 }, next);
    const rows = records.map(({ bytes }) => toRow(bytes, {}).row);
    const damages = everyDamage(rows.slice(0, ROWS), random);
    const broken = [];
    const totals = { "in process": 0, "real starts": 0, "set aside": 0, "rows kept": 0 };

    for (const damage of long ? damages : random.sample(damages, 300)) {
      totals["in process"] += 1;
      const path = join(directory, "in-process", "sessions.jsonl");
      await lay(path, damage.bytes);
      await check(damage, path, () => appendInProcess(path, rows[ROWS]));
    }
    for (const damage of random.sample(damages, long ? 60 : 6)) {
      totals["real starts"] += 1;
      const path = join(directory, "real", "sessions.jsonl");
      await lay(path, damage.bytes);
      await check(damage, path, () => appendWithService(path, records[ROWS]));
    }
    return { figures: { damages: damages.length, ...totals }, broken };

    async function check({ what, expected, torn }, path, append) {
      const problems = [];
      try {
        await append();
        if (!(await readFile(path)).equals(Buffer.concat([expected, rows[ROWS]]))) {
          problems.push("the log has other bytes than expected");
        }
        const asides = (await readdir(dirname(path))).filter((name) => name.includes(".torn-"));
        const aside = await Promise.all(asides.map((name) => readFile(join(dirname(path), name))));
        if (!Buffer.concat(aside).equals(torn)) problems.push(`set aside were ${asides.join(", ") || "no bytes"}`);
      } catch (error) {
        problems.push(error.message);
      }
      if (torn.length > 0) totals["set aside"] += 1;
      totals["rows kept"] += expected.toString().split("\n").length - 1;
      broken.push(...problems.map((problem) => `${what}: ${problem}`));
    }
  },
};

/**
 * @typedef {object} Damage
 * @property {string} what
 * @property {Buffer} bytes  the log as it is found
 * @property {Buffer} expected  the log after repair
 * @property {Buffer} torn  what is set aside
 */

/** @returns {Damage[]} */
function everyDamage(rows, random) {
  const whole = Buffer.concat(rows);
  const ends = [0];
  for (const row of rows) ends.push(ends[ends.length - 1] + row.length);
  const damages = [];
  for (let at = ends[ROWS - 3]; at <= whole.length; at += 1) {
    const head = whole.subarray(0, at);
    const start = ends.findLast((end) => end <= at);
    // A row that lacks only its "\n" is whole.
    const complete = at !== start && whole[at] === 0x0a;
    damages.push({
      what: `cut off at ${at}`,
      bytes: head,
      expected: complete ? whole.subarray(0, at + 1) : whole.subarray(0, start),
      torn: complete ? Buffer.alloc(0) : whole.subarray(start, at),
    });
    const garbage = Buffer.from(random.hex(200), "hex").map((byte) => (byte === 0x0a ? 0 : byte));
    for (const [name, tail] of [
      ["NULs", NUL],
      ["garbage", garbage],
      ["garbage and an end of line", Buffer.concat([garbage, Buffer.from("\n")])],
      ["half a character", HALF_CHARACTER],
    ]) {
      const bytes = Buffer.concat([head, tail]);
      damages.push({
        what: `${name} from ${at} on`,
        bytes,
        expected: whole.subarray(0, start),
        torn: bytes.subarray(start),
      });
    }
    // A page in the middle of a group that was lost: the whole rows after it may be acknowledged.
    if (at < ends[ROWS - 1]) {
      const bytes = Buffer.from(whole);
      const lost = Math.min(40, ends[ROWS - 1] - at);
      bytes.fill(0, at, at + lost);
      const after = bytes.indexOf(0x0a, at + lost) + 1;
      damages.push({
        what: `${lost} NULs at ${at}, with rows after them`,
        bytes,
        expected: Buffer.concat([whole.subarray(0, start), bytes.subarray(after)]),
        torn: bytes.subarray(start),
      });
    }
  }
  return damages;
}

async function lay(path, bytes) {
  await rm(dirname(path), { recursive: true, force: true });
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}

async function appendInProcess(path, row) {
  const nothing = () => undefined;
  const journal = createJournal({
    path,
    durability: "fsync",
    queue_rows: 10,
    queue_bytes: 1e6,
    adopts: (line) => line.includes('"schema"'),
    isOdd: () => false,
    rotation: { max_bytes: 0, interval: "none" },
    compress: "none",
    retention: { max_age_ms: 0, max_segments: 0, max_bytes: 0 },
    dedupe_rows: 100,
    log: { info: nothing, warn: nothing, error: nothing },
  });
  await journal.open();
  const outcome = await journal.append([row]);
  await journal.drain();
  if (outcome.kind !== "appended") throw new Error(`the append ended with ${outcome.kind}`);
}

async function appendWithService(path, record) {
  const server = await startService(path);
  const ledger = createLedger();
  ledger.send(record);
  try {
    await retryOpen(server.address, ledger);
  } catch (error) {
    await server.kill();
    throw error;
  }
  const code = await server.stop();
  if (code !== 0) throw new Error(`the service ended with ${code}`);
}
