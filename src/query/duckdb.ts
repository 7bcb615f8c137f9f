import { createRequire } from "node:module";
import type * as Api from "@duckdb/node-api";

/** DuckDB's module, which is CommonJS. `import` would read all of its files twice, to find their exports: 130 ms of CPU. */
export const {
  DuckDBInstance,
  DuckDBListType,
  DuckDBListValue,
  DuckDBStructType,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTypeId,
  JsonDuckDBValueConverter,
  StatementType,
}: typeof Api = createRequire(import.meta.url)("@duckdb/node-api");
