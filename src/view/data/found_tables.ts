import { literal } from "../../query/index.js";
import { type ViewFilter, viewCondition } from "../filter.js";
import type { ViewedJournal } from "./viewed_journal.js";

/** Sets of sessions that take long to find, kept for the next requests that ask for the same. */
const TABLES_MAX = 8;

/** The tables of sessions that have a reason or a text. */
export interface FoundTables {
  /**
   * Runs `work` with the filter's table, undefined when the filter asks for neither. The table stays as long as `work` runs. Rejects as
   * `ViewedJournal.keep`.
   */
  use<T>(filter: ViewFilter, signal: AbortSignal, work: (found: string | undefined) => Promise<T>): Promise<T>;
}

interface Entry {
  readonly table: string;
  readonly ready: Promise<void>;
  users: number;
}

export function createFoundTables(journal: Pick<ViewedJournal, "state" | "keep" | "drop">): FoundTables {
  /** By filter and version; oldest use first. */
  const known = new Map<string, Entry>();
  let made = 0;

  function entryOf(key: string, filter: ViewFilter, signal: AbortSignal): Entry {
    const entry = known.get(key) ?? make(key, filter, signal);
    known.delete(key);
    known.set(key, entry);
    return entry;
  }

  function make(key: string, filter: ViewFilter, signal: AbortSignal): Entry {
    made += 1;
    const table = `found_${made}`;
    const condition = viewCondition({ ...filter, reason: undefined, find: undefined }, undefined);
    const ready = journal.keep({ condition, signal }, table, foundSql(filter));
    ready.catch(() => known.delete(key));
    return { table, ready, users: 0 };
  }

  async function evict(): Promise<void> {
    for (const [key, { table, users }] of known) {
      if (known.size <= TABLES_MAX) return;
      if (users > 0) continue;
      known.delete(key);
      // With the log opened again it is gone already.
      await journal.drop(table).catch(() => {});
    }
  }

  return {
    async use(filter, signal, work) {
      if (filter.reason === undefined && filter.find === undefined) return work(undefined);
      const key = JSON.stringify([journal.state().version, filter]);
      for (;;) {
        const is_own = !known.has(key);
        const entry = entryOf(key, filter, signal);
        entry.users += 1;
        try {
          await entry.ready.catch((error: unknown) => {
            if (is_own || signal.aborted) throw error;
          });
          // The request that made it was stopped.
          if (known.get(key) !== entry) continue;
          return await work(entry.table);
        } finally {
          entry.users -= 1;
          await evict();
        }
      }
    },
  };
}

/** The sequences of the sessions that have the reason and the text. */
function foundSql({ reason, find }: ViewFilter): string {
  const parts = [...(reason === undefined ? [] : [reasonSql(reason)]), ...(find === undefined ? [] : [textSql(find)])];
  return parts.map((sql) => `(${sql})`).join(" INTERSECT ");
}

/** Of refusals with a reason as the queries fold it, among the sessions that pass the other filters. */
const reasonSql = (reason: string): string => `
  WITH refused AS MATERIALIZED (
    SELECT sequence, attempt.verdict_kind AS verdict_kind, coalesce(attempt.error, '') AS error
    FROM (SELECT sequence, unnest(attempts) AS attempt FROM sessions)
    WHERE attempt.verdict_kind IN ('validation_failed', 'no_json')
  )
  SELECT DISTINCT sequence FROM refused JOIN fold_refusals('refused') USING (verdict_kind, error) WHERE reason = ${literal(reason)}`;

const textSql = (text: string): string => `
  SELECT sequence
  FROM sessions
  WHERE starts_with(session_id, ${literal(text)})
    OR contains(lower(array_to_string(list_transform(attempts, lambda a: coalesce(a.error, '')), chr(10))), lower(${literal(text)}))
    OR (kind = 'fill' AND final_verdict = 'accepted' AND contains(lower(artifact::VARCHAR), lower(${literal(text)})))`;
