import { namedSql } from "./catalog.js";

/** What is asked about accepted fills: `alarm` believes their stamps, `audit` looks their ids up in the table `roster`. */
export interface FindingsOptions {
  readonly query: "alarm" | "audit";
  /** Whether `alarm` looks ids up in the roster, too: names those that are not there, and finds fills that claim to be grounded. */
  readonly named: boolean;
  /** Newest rows of each finding; further ones are counted. */
  readonly limit: number;
}

/** Columns of each row that are about the whole log; of the rest, `finding` is NULL when nothing was found. */
export const WHOLE_COLUMNS = ["sessions", "newest", "accepted_fills", "found"] as const;

const IS_FILL = "selected AND kind = 'fill' AND final_verdict = 'accepted'";

/**
 * A statement that reads the log once. Each row has WHOLE_COLUMNS (all sessions and the newest of them, whatever the filter; the accepted
 * fills that pass it; the fills with the row's finding), then the columns of the query: at least one row, newest first.
 */
export function findingsSql({ query, named, limit }: FindingsOptions): string {
  const audit = namedSql("audit").replace(/;\s*$/, "");
  const alarm = named
    ? `
      SELECT CASE WHEN stamp THEN 'claimed_grounded' WHEN stamp IS NULL THEN 'unchecked' ELSE 'ungrounded' END AS finding,
        * EXCLUDE (finding, stamp)
      FROM (${audit})
      WHERE stamp IS NOT TRUE OR len(unknown_ids) > 0`
    : namedSql("alarm").replace(/;\s*$/, "");
  const columns = ["session_id", "daemon", "model", "provider", "kind", "final_verdict", "grounded_in_roster"];
  // Only what is asked about is kept of the rows.
  const looks_up = query === "audit" || named;
  const wanted = looks_up ? IS_FILL : `${IS_FILL} AND grounded_in_roster IS NOT TRUE`;
  const kept = looks_up ? [...columns, "artifact"] : columns;
  // Lines are read once; copies are so fast that reading them for each part costs less than keeping their rows.
  return `
    WITH lines AS MATERIALIZED (
      SELECT
        timestamp,
        ${IS_FILL} AS is_fill,
        CASE WHEN ${wanted} THEN {${kept.map((name) => `${name}: ${name}`).join(", ")}} END AS kept
      FROM all_lines
    ),
    every AS (
      SELECT timestamp, is_fill FROM lines
      UNION ALL
      SELECT timestamp, ${IS_FILL} AS is_fill FROM all_copies
    ),
    sessions AS (
      SELECT timestamp, ${kept.join(", ")} FROM all_copies WHERE ${wanted}
      UNION ALL
      SELECT timestamp, ${kept.map((name) => `kept.${name}`).join(", ")} FROM lines WHERE kept IS NOT NULL
    ),
    listed AS (
      SELECT count(*) OVER (PARTITION BY finding) AS found, *
      FROM (${query === "audit" ? audit : alarm})
      QUALIFY row_number() OVER (PARTITION BY finding ORDER BY timestamp DESC, session_id) <= ${limit}
    ),
    whole AS (
      SELECT count(*) AS sessions, max(timestamp) AS newest, count(*) FILTER (WHERE is_fill) AS accepted_fills FROM every
    )
    SELECT * FROM whole LEFT JOIN listed ON true ORDER BY timestamp DESC, session_id`;
}
