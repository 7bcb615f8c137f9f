import { namedSql } from "../../query/catalog.js";
import type { Literal } from "../../query/index.js";
import type { AlarmEntry, Counts, Durations, FacetLists, MatrixBy, MatrixRow, Overview, Week } from "../api.js";
import { readAlarmEntries, readSilent, SILENT_SQL } from "./alarm.js";
import type { Ask } from "./ask.js";
import { type Cell, countsOf, facetsOf, type NameFilter, selectCells } from "./cube.js";
import { daysOf, matrixOf, readDurations, weeksOf } from "./weeks.js";

/** What makes an overview. */
export interface OverviewParts {
  /** Over the sessions that pass all filters. */
  readonly ask: Ask;
  /** Those of the time asked for; `names` are still to be applied. */
  readonly cells: readonly Cell[];
  readonly names: NameFilter;
  /** What has the columns of the view `sessions`, and `sequence`. */
  readonly from: string;
  /** Of the query audit; undefined without a roster. */
  readonly ids: Readonly<Record<string, Literal>> | undefined;
  readonly now_ms: number;
}

/** The part of an overview that depends on the sessions alone. */
export interface Figures {
  readonly total: Counts & Durations;
  readonly days: Overview["days"];
  readonly weeks: readonly Week[];
  readonly matrix: Readonly<Record<MatrixBy, readonly MatrixRow[]>>;
  readonly facets: FacetLists;
  readonly silent: Overview["silent"];
  readonly entries: readonly AlarmEntry[];
}

/** All figures of the overview: three short queries, and sums of cells. Rejects with SqlError. */
export async function readFigures({ ask, cells, names, from, ids, now_ms }: OverviewParts): Promise<Figures> {
  const own = selectCells(cells, names);
  // One after the other: a reader's answers come by way of one connection.
  const durations = await readDurations(ask);
  const silent = await readSilent(ask);
  const total = countsOf(own);
  const is_raised = total.ungrounded + total.unchecked > 0;
  const entries = is_raised ? await readAlarmEntries(ask, { from, ids, cells: own }) : [];
  return {
    total: { ...total, ...durations.total },
    days: daysOf(own),
    weeks: weeksOf(own, durations.weeks, now_ms),
    matrix: matrixOf(own),
    facets: facetsOf(cells, names),
    silent,
    entries,
  };
}

const COUNTS_SQL = `count(*) AS sessions,
  count(*) FILTER (WHERE is_answered(final_verdict)) AS answered,
  count(*) FILTER (WHERE is_first_shot(final_verdict, iterations)) AS first_shot,
  count(*) FILTER (WHERE final_verdict = 'accepted') AS accepted,
  count(*) FILTER (WHERE final_verdict = 'max_iter_exhausted') AS exhausted,
  count(*) FILTER (WHERE final_verdict = 'infra_error') AS infra_errors,
  count(*) FILTER (WHERE kind = 'fill' AND final_verdict = 'accepted') AS accepted_fills,
  count(*) FILTER (WHERE kind = 'fill' AND final_verdict = 'accepted' AND NOT grounded_in_roster) AS ungrounded,
  count(*) FILTER (WHERE kind = 'fill' AND final_verdict = 'accepted' AND grounded_in_roster IS NULL) AS unchecked`;
const DURATIONS = `
  quantile_disc(duration_ms, 0.5) FILTER (WHERE is_answered(final_verdict)) AS p50_ms,
  quantile_disc(duration_ms, 0.95) FILTER (WHERE is_answered(final_verdict)) AS p95_ms`;

/** Each figure as a statement that gives the same, over the views of `sessionlog query`. */
export const FIGURES_SQL: Overview["sql"] = {
  tiles: `SELECT\n  ${COUNTS_SQL},${DURATIONS}\nFROM sessions AS s`,
  days: `SELECT\n  make_timestamp(epoch_us(timestamp))::DATE AS day,\n  ${COUNTS_SQL}\nFROM sessions AS s\nGROUP BY day\nORDER BY day`,
  weeks: `SELECT\n  week_of(timestamp) AS week,\n  ${COUNTS_SQL},${DURATIONS}\nFROM sessions AS s\nGROUP BY week\nORDER BY week`,
  matrix: namedSql("first-shot-weeks"),
  alarm: namedSql("alarm"),
  silent: SILENT_SQL,
  sessions: "SELECT * EXCLUDE (prompt, artifact)\nFROM sessions\nORDER BY timestamp DESC\nLIMIT 200",
};
