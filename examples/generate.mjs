// Makes sessions.jsonl and roster.csv, the same at every run: `node examples/generate.mjs`.
// With --check it writes nothing, and exits 1 when the files here are not what it would make.
import { readFileSync, writeFileSync } from "node:fs";
import { createRandom } from "./generator/random.mjs";
import { makeRoster, rosterCsv } from "./generator/roster.mjs";
import { rowOf } from "./generator/row.mjs";
import { makeSessions } from "./generator/sessions.mjs";

const seed = 20261005;
const workers = 140;
const sessions = 2000;

const random = createRandom(seed);
const roster = makeRoster(random, workers);
const rows = makeSessions(random, roster, sessions).map(rowOf);

const files = { "sessions.jsonl": `${rows.join("\n")}\n`, "roster.csv": rosterCsv(roster) };
for (const [name, text] of Object.entries(files)) {
  const file = new URL(name, import.meta.url);
  if (!process.argv.includes("--check")) writeFileSync(file, text);
  else if (readFileSync(file, "utf8") !== text) {
    console.error(`examples/${name} is not what examples/generate.mjs makes: run it and commit the result`);
    process.exitCode = 1;
  }
}
