// What the docs ask of DuckDB's command line, `duckdb -csv -c SQL`, by the engine that the project has anyway: for machines
// without that program. test/support/docs.ts puts it on the PATH of the docs' commands.
import { DuckDBInstance } from "@duckdb/node-api";

const [format, flag, sql, ...rest] = process.argv.slice(2);
if (format !== "-csv" || flag !== "-c" || sql === undefined || rest.length > 0) {
  console.error("usage: duckdb -csv -c SQL");
  process.exit(2);
}
const instance = await DuckDBInstance.create();
const connection = await instance.connect();
const result = await connection.runAndReadAll(sql);
for (const row of [result.columnNames(), ...result.getRowsJS()]) console.log(row.map(field).join(","));
connection.closeSync();
instance.closeSync();

function field(value) {
  const text = value === null ? "" : String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
