import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type * as Api from "@duckdb/node-api";
import { messageOf, NotInstalledError } from "./errors.js";

const PACKAGE = "@duckdb/node-api";

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
} = load();

/** An optional dependency: the service needs none of it. Throws NotInstalledError where it, or its program for this machine, was left out. */
function load(): typeof Api {
  const require = createRequire(import.meta.url);
  try {
    return require(PACKAGE);
  } catch (error) {
    // With few descriptors, Node does not find what is there.
    const [, missing] = /^Cannot find module '(@duckdb\/[^'/]+)/.exec(messageOf(error)) ?? [];
    const places = require.resolve.paths(PACKAGE) ?? [];
    if (missing === undefined || places.some((place) => existsSync(join(place, missing)))) throw error;
    throw new NotInstalledError(
      `this needs DuckDB, which was left out when sessionlog was installed: npm install ${PACKAGE}@${wantedVersion()}, ` +
        "or build the image with --build-arg QUERY=1",
    );
  }
}

/** The version of package.json. */
function wantedVersion(): string {
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return JSON.parse(manifest).optionalDependencies[PACKAGE];
}
