import { literal } from "../../query/index.js";
import { type ViewFilter, viewCondition } from "../filter.js";
import type { ViewedJournal } from "./viewed_journal.js";

/** Sets of sessions that take long to find, kept for the requests that ask for the same. */
const TABLES_MAX = 8;

/** The tables of sessions that have a reason or a text. */
export interface FoundTables {
  /** The table for a filter; undefined when it asks for neither. Rejects as `ViewedJournal.keep`. */
  of(filter: ViewFilter, signal: AbortSignal): Promise<string | undefined>;
}

export function createFoundTables(journal: ViewedJournal): FoundTables {
  /** Oldest use first; the value is the table's number. */
  const known = new Map<string, number>();
  return {
    async of(filter, signal) {
      if (filter.reason === undefined && filter.find === undefined) return undefined;
      const key = JSON.stringify([journal.state().version, filter]);
      const number = known.get(key) ?? known.values().next().value ?? 0;
      const is_new = !known.has(key);
      const free = known.size < TABLES_MAX ? unused(known) : number;
      const table = is_new ? free : number;
      for (const [old, used] of known) if (used === table) known.delete(old);
      const name = `found_${table}`;
      if (is_new) {
        const condition = viewCondition({ ...filter, reason: undefined, find: undefined }, undefined);
        await journal.keep({ condition, signal }, name, foundSql(filter));
      }
      known.set(key, table);
      return name;
    },
  };
}

function unused(known: ReadonlyMap<string, number>): number {
  const used = new Set(known.values());
  for (let number = 0; ; number++) if (!used.has(number)) return number;
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
