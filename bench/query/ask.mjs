// `node bench/query/ask.mjs CHECKOUT DIRECTORY QUESTION`: asks a question of a journal with the build of a checkout, and prints what it cost.
// The time to start the program and to load DuckDB is not counted.
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [checkout = "", directory = "", question = ""] = process.argv.slice(2);
const from = (module) => import(join(checkout, "dist", module));
const { readJournal, findingsSql } = await from("query/index.js");
const { EVERY_SESSION } = await from("query/filter.js");
const { namedSql } = await from("query/catalog.js");
await from("query/duckdb.js");

const NEWEST = "SELECT * EXCLUDE (prompt, artifact)";
const IN_ORDER = "ORDER BY timestamp DESC, session_id LIMIT 50";
const SQL = {
  alarm: () => findingsSql({ query: "alarm", named: false, limit: 20 }),
  audit: () => findingsSql({ query: "audit", named: false, limit: 20 }),
  "newest 50": () => `${NEWEST} FROM sessions ${IN_ORDER}`,
  // Copies are read twice for less: their times first.
  "newest 50 by times": () =>
    `${NEWEST} FROM sessions SEMI JOIN (SELECT timestamp FROM sessions ORDER BY timestamp DESC LIMIT 50) USING (timestamp) ${IN_ORDER}`,
};
const sql = (SQL[question] ?? (() => namedSql(question)))();
const roster = { name: "roster", column: "worker_id", file_column: "worker_id", path: join(directory, "roster.csv") };
// What DuckDB does once in a process.
const small = await mkdtemp(join(tmpdir(), "sessionlog-bench-"));
await writeFile(join(small, "sessions.jsonl"), '{"schema":"session.iterate.v1"}\n');
await ask(small, "FROM sessions", []);
await rm(small, { recursive: true });
const begun = { cpu: process.cpuUsage(), ms: performance.now() };
const rows = await ask(directory, sql, question === "audit" ? [roster] : []);
const { user, system } = process.cpuUsage(begun.cpu);
console.log(
  JSON.stringify({
    cpu_ms: (user + system) / 1000,
    wall_ms: performance.now() - begun.ms,
    megabytes: (process.resourceUsage().maxRSS * 1024) / 1e6,
    digest: createHash("sha256").update(rows.join("\n")).digest("hex"),
  }),
);

async function ask(path, sql, tables) {
  const { value } = await readJournal(
    {
      paths: [path],
      filter: EVERY_SESSION,
      tables,
      variables: { session_id: "4bf92f3577" },
      output: undefined,
      memory_bytes: 1024 ** 3,
      signal: new AbortController().signal,
    },
    async (reader) => {
      const { columns, batches } = await reader.select(sql);
      const rows = [];
      for await (const batch of batches()) {
        for (const row of batch) rows.push(columns.map(({ json }, index) => json(row[index] ?? null)).join());
      }
      return rows;
    },
  );
  return value;
}
