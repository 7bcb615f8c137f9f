// The aggregate of queries/first-shot.sql by DuckDB alone, columns stated: `node bench/query/plain.mjs DIRECTORY`.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";

const directory = process.argv[2];
const files = readdirSync(directory)
  .filter((name) => name.endsWith(".jsonl.gz"))
  .sort()
  .map((name) => `'${join(directory, name)}'`);
const instance = await DuckDBInstance.create(":memory:");
const connection = await instance.connect();
const answer = await connection.runAndReadAll(`
  SELECT if(model = '', '(none)', model) AS model, provider,
    count(*) FILTER (WHERE final_verdict <> 'infra_error') AS answered,
    count(*) FILTER (WHERE final_verdict = 'accepted' AND iterations = 1) AS first_shot,
    count(*) FILTER (WHERE final_verdict = 'accepted') AS accepted,
    count(*) FILTER (WHERE final_verdict = 'infra_error') AS infra_errors,
    round(first_shot / nullif(answered, 0), 3) AS first_shot_share,
    round(accepted / nullif(answered, 0), 3) AS accepted_share
  FROM read_json([${files.join(", ")}], format = 'newline_delimited', columns = {
    schema: 'VARCHAR', session_id: 'VARCHAR', timestamp: 'TIMESTAMPTZ', daemon: 'VARCHAR', kind: 'VARCHAR', model: 'VARCHAR',
    provider: 'VARCHAR', prompt: 'VARCHAR', iterations: 'INTEGER', max_iterations: 'INTEGER', final_verdict: 'VARCHAR',
    attempts: 'STRUCT(iteration INTEGER, verdict_kind VARCHAR, error VARCHAR, span_id VARCHAR)[]', artifact: 'JSON',
    grounded_in_roster: 'BOOLEAN', duration_ms: 'BIGINT'
  })
  GROUP BY ALL
  ORDER BY first_shot_share DESC NULLS LAST, answered DESC, model, provider`);
for (const row of answer.getRowObjects()) {
  console.log(JSON.stringify(row, (_key, value) => (typeof value === "bigint" ? Number(value) : value)));
}
