import { stat } from "node:fs/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import { identifier } from "../literal.js";
import type { TableFile } from "../table_file.js";

/** Tables of the files that questions join with the sessions: each file is read once, and again when it has changed. */
export interface StoredTables {
  load(): Promise<void>;
  /** Resolves with whether a file has changed. One that cannot be read leaves its table as it is. */
  refresh(): Promise<boolean>;
}

/** @param tables for each there is a view `<name>_file` */
export function createStoredTables(connection: DuckDBConnection, tables: readonly TableFile[]): StoredTables {
  const read = new Map<string, string>();
  async function load(): Promise<boolean> {
    let changed = false;
    for (const { name, path } of tables) {
      const stamp = await stampOf(path);
      if (stamp === read.get(name)) continue;
      read.set(name, stamp);
      await connection.run(`CREATE OR REPLACE TABLE ${identifier(name)} AS FROM ${identifier(`${name}_file`)}`);
      changed = true;
    }
    return changed;
  }
  return {
    async load() {
      await load();
    },
    refresh: () => load().catch(() => false),
  };
}

async function stampOf(path: string): Promise<string> {
  const { size, mtimeMs, ino } = await stat(path);
  return `${size} ${mtimeMs} ${ino}`;
}
