import type { DuckDBConnection } from "@duckdb/node-api";
import { interruptWhenAborted } from "../database.js";
import { identifier } from "../literal.js";
import { type Answer, asSqlError, selectRows } from "../statement.js";

/** One of a store's connections, with views of its own. */
export interface StoreConnection {
  /**
   * Runs `work`; the views `sessions` (with the column sequence, without prompt) and `attempts` have only the sessions that pass.
   *
   * @param condition SQL over the columns of the view `stored`
   * @param signal interrupts what runs
   */
  with<T>(condition: string, signal: AbortSignal, work: (select: Select) => Promise<T>): Promise<T>;
  /** Makes a table, for all connections, of the rows of a SELECT over these views; replaces one of that name. */
  keep(condition: string, signal: AbortSignal, table: string, sql: string): Promise<void>;
  /** Removes such a table. */
  drop(table: string): Promise<void>;
}

/** Runs a SELECT; one at a time. Throws SqlError. */
export type Select = (sql: string) => Promise<Answer>;

export function createStoreConnection(connection: DuckDBConnection): StoreConnection {
  async function run<T>(condition: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const endInterrupts = interruptWhenAborted(signal, () => connection);
    try {
      signal.throwIfAborted();
      await connection.run(
        `CREATE OR REPLACE TEMP VIEW sessions AS SELECT * FROM memory.main.stored WHERE ${condition}`,
      );
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      endInterrupts();
    }
  }

  return {
    with: (condition, signal, work) => run(condition, signal, () => work((sql) => selectRows(connection, sql, signal))),
    async drop(table) {
      await connection.run(`DROP TABLE IF EXISTS memory.main.${identifier(table)}`);
    },
    async keep(condition, signal, table, sql) {
      await run(condition, signal, () =>
        asSqlError(() => connection.run(`CREATE OR REPLACE TABLE memory.main.${identifier(table)} AS ${sql}`)),
      );
    },
  };
}
