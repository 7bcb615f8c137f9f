// `node bench/query/ask.mjs CHECKOUT DIRECTORY QUESTION`: asks a question of a journal with the build of a checkout, and prints what it cost.
// The time to start the program and to load DuckDB is not counted.
import { createHash } from "node:crypto";
import { join } from "node:path";

const [checkout = "", directory = "", question = ""] = process.argv.slice(2);
const from = (module) => import(join(checkout, "dist", module));
const { readJournal, findingsSql } = await from("query/index.js");
const { EVERY_SESSION } = await from("query/filter.js");
const { namedSql } = await from("query/catalog.js");
await from("query/duckdb.js");

const SQL = {
  alarm: () => findingsSql({ query: "alarm", named: false, limit: 20 }),
  audit: () => findingsSql({ query: "audit", named: false, limit: 20 }),
  "newest 50": () => "SELECT * EXCLUDE (prompt, artifact) FROM sessions ORDER BY timestamp DESC, session_id LIMIT 50",
};
const sql = (SQL[question] ?? (() => namedSql(question)))();
const roster = { name: "roster", column: "worker_id", file_column: "worker_id", path: join(directory, "roster.csv") };
const begun = { cpu: process.cpuUsage(), ms: performance.now() };
const { value } = await readJournal(
  {
    paths: [directory],
    filter: EVERY_SESSION,
    tables: question === "audit" ? [roster] : [],
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
const { user, system } = process.cpuUsage(begun.cpu);
console.log(
  JSON.stringify({
    cpu_ms: (user + system) / 1000,
    wall_ms: performance.now() - begun.ms,
    megabytes: (process.resourceUsage().maxRSS * 1024) / 1e6,
    digest: createHash("sha256").update(value.join("\n")).digest("hex"),
  }),
);
