import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { firstDay_ms, weeks } from "../../examples/generator/fleet.mjs";
import { createRandom } from "../../examples/generator/random.mjs";
import { makeRoster } from "../../examples/generator/roster.mjs";
import { rowOf } from "../../examples/generator/row.mjs";
import { makeSessions } from "../../examples/generator/sessions.mjs";

const WEEKS = 26;
const WEEK_MS = 7 * 24 * 3_600_000;
const WORDS =
  "rest travel shift site crane forklift welder night early rota permit break notice radius certificate".split(" ");

/** The roster that `writeWeeks` draws from. */
export const benchRoster = () => makeRoster(createRandom(1), 140);

/**
 * Writes a journal of half a year in the order of time, as the service seals it: gzip segments and their checksums, 30 to 60 varied words
 * in each prompt, an empty active file, and its roster.
 */
export async function writeWeeks(directory, { rows, segments }) {
  const roster = benchRoster();
  const each = Math.ceil(rows / segments);
  let checksums = "";
  for (let index = 0; index < segments; index += 1) {
    const random = createRandom(100 + index);
    const share = WEEKS / segments / weeks;
    const begin_ms = firstDay_ms - (WEEKS - weeks - (WEEKS * index) / segments) * WEEK_MS;
    const lines = makeSessions(random, roster, each).map((session) => {
      const time_ms = Math.round(begin_ms + (Date.parse(session.timestamp) - firstDay_ms) * share);
      const words = Array.from(
        { length: random.int(30, 60) },
        () => `${WORDS[random.int(0, WORDS.length - 1)]}${random.int(1, 999)}`,
      );
      const timestamp = new Date(time_ms).toISOString();
      return `${rowOf({ ...session, timestamp, prompt: `${session.prompt}\n${words.join(" ")}` })}\n`;
    });
    const bytes = await promisify(gzip)(Buffer.from(lines.join("")));
    const name = `sessions-${pad(index * each + 1)}-${pad((index + 1) * each)}.jsonl.gz`;
    await writeFile(join(directory, name), bytes);
    checksums += `${createHash("sha256").update(bytes).digest("hex")}  ${name}\n`;
  }
  await writeFile(
    join(directory, "roster.csv"),
    `worker_id\n${roster.map(({ worker_id }) => `${worker_id}\n`).join("")}`,
  );
  await writeFile(join(directory, "sessions.jsonl"), "");
  await writeFile(join(directory, "sessions.sha256"), checksums);
}

const pad = (sequence) => String(sequence).padStart(20, "0");
