import { namedSql, withVariables } from "../../query/catalog.js";
import { type Literal, literal } from "../../query/index.js";
import type { AlarmEntry, Audit, AuditFinding, SilentDaemon } from "../api.js";
import { type Ask, numberOf, textOf, timeOf, timeSql } from "./ask.js";
import { type Cell, compare } from "./cube.js";

/** Sessions that the alarm's tile names: each may be in another file, whose artifacts have to be read. */
const ENTRIES_MAX = 5;

/** The alarm's newest sessions, with the ids that are not on the roster. */
export interface AlarmOptions {
  /** What has the columns of `sessions` and `sequence`. */
  readonly from: string;
  /** Of the query audit; undefined without a roster. */
  readonly ids: Readonly<Record<string, Literal>> | undefined;
  readonly cells: readonly Cell[];
}

/** The day since which there are as many sessions of the alarm as are named; files before it need not be read. */
function dayOfNewest(cells: readonly Cell[]): string | undefined {
  const raised = cells.filter(({ ungrounded, unchecked }) => ungrounded + unchecked > 0);
  if (raised.some(({ day }) => day === null)) return undefined;
  let count = 0;
  for (const { day, ungrounded, unchecked } of [...raised].sort((a, b) => compare(String(b.day), String(a.day)))) {
    count += ungrounded + unchecked;
    if (count >= ENTRIES_MAX) return day ?? undefined;
  }
  return undefined;
}

/** The newest sessions of the alarm among those of the view. Rejects with SqlError. */
export async function readAlarmEntries(ask: Ask, { from, ids, cells }: AlarmOptions): Promise<readonly AlarmEntry[]> {
  // First only their numbers, for which no artifact is read.
  const day = dayOfNewest(cells);
  const since = day === undefined ? "" : `AND timestamp >= TIMESTAMPTZ ${literal(`${day} 00:00:00Z`)}`;
  const found = await ask(`
    SELECT sequence
    FROM ${from}
    WHERE kind = 'fill' AND final_verdict = 'accepted' AND grounded_in_roster IS NOT TRUE ${since}
    ORDER BY timestamp DESC, session_id
    LIMIT ${ENTRIES_MAX}`);
  if (found.length === 0) return [];
  const sequences = found.map(({ sequence }) => numberOf(sequence));
  const newest = `SELECT * FROM ${from} WHERE sequence IN (${sequences.join(", ")})`;
  const audit = ids === undefined ? undefined : withVariables(namedSql("audit"), ids).replace(/;\s*$/, "");
  const looked_up =
    audit === undefined
      ? ""
      : `LEFT JOIN (SELECT session_id, any_value(unknown_ids) AS unknown_ids FROM (${audit}) GROUP BY session_id) AS audit USING (session_id)`;
  const rows = await ask(`
    WITH newest AS MATERIALIZED (${newest}),
    sessions AS (FROM newest)
    SELECT
      newest.sequence, session_id, ${timeSql("newest.timestamp")} AS ended, newest.daemon, newest.model,
      newest.grounded_in_roster AS stamp, ${audit === undefined ? "NULL" : "audit.unknown_ids"} AS unknown_ids
    FROM newest ${looked_up}
    ORDER BY newest.timestamp DESC, session_id`);
  return rows.map((row) => ({
    finding: row.stamp === null ? "unchecked" : "ungrounded",
    sequence: numberOf(row.sequence),
    session_id: textOf(row.session_id),
    timestamp: timeOf(row.ended),
    daemon: textOf(row.daemon),
    model: textOf(row.model),
    unknown_ids: ids === undefined ? null : Array.isArray(row.unknown_ids) ? row.unknown_ids.map(String) : [],
  }));
}

/** How many fills have which finding of the query audit, of all sessions of the view. Rejects with SqlError. */
export async function readAudit(ask: Ask, ids: Readonly<Record<string, Literal>>): Promise<Audit> {
  const audit = withVariables(namedSql("audit"), ids).replace(/;\s*$/, "");
  const rows = await ask(`
    SELECT finding, count(*) AS sessions FROM (${audit}) GROUP BY finding
    UNION ALL
    SELECT 'all', count(*) FROM sessions WHERE kind = 'fill' AND final_verdict = 'accepted'`);
  const count = (finding: AuditFinding | "all") => numberOf(rows.find((row) => row.finding === finding)?.sessions);
  return {
    state: "done",
    accepted_fills: count("all"),
    counts: {
      confirmed_ungrounded: count("confirmed_ungrounded"),
      claimed_grounded: count("claimed_grounded"),
      claimed_ungrounded: count("claimed_ungrounded"),
      never_checked: count("never_checked"),
      no_ids: count("no_ids"),
    },
  };
}

export const SILENT_SQL = namedSql("silent-daemons").replace(/;\s*$/, "");

/** The daemons that have gone silent. Rejects with SqlError. */
export async function readSilent(ask: Ask): Promise<readonly SilentDaemon[]> {
  const rows = await ask(`SELECT * REPLACE (${timeSql("last")} AS last) FROM (${SILENT_SQL}\n)`);
  return rows.map((row) => ({
    daemon: textOf(row.daemon),
    last: timeOf(row.last) ?? "",
    silent_days: numberOf(row.silent_days),
    sessions: numberOf(row.sessions),
    sessions_a_day: numberOf(row.sessions_a_day),
  }));
}
