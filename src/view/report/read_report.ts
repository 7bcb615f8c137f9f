import { namedSql } from "../../query/catalog.js";
import type { JournalReader, Literal } from "../../query/index.js";
import { createAsk } from "../answers/ask.js";
import { readCells } from "../answers/cube.js";
import { FIGURES_SQL, readFigures } from "../answers/overview.js";
import { readRefusals } from "../answers/refusals.js";
import { readSessionLines } from "../answers/session_lines.js";
import type { Audit, Column, JournalState, Json } from "../api.js";
import { readFlagged } from "./read_flagged.js";
import type { Flagged, ReportData, ReportTable, Source } from "./report_data.js";

export interface ReportOptions {
  readonly version: string;
  readonly now_ms: number;
  readonly source: Source;
  readonly filters: readonly string[];
  /** The roster's file, and the variables of the query audit; undefined without. */
  readonly roster: { readonly name: string; readonly variables: Readonly<Record<string, Literal>> } | undefined;
  /** Flagged sessions that are whole. */
  readonly limit: number;
  readonly bodies: boolean;
  langfuseLink(session_id: string): string | undefined;
}

/** Flagged sessions that have a line each beside those that are whole. */
const LINES_MAX = 1000;
const NEWEST_MAX = 50;
/** Rows of a table. */
const TABLE_ROWS_MAX = 40;
/** Code points of a cell. */
const CELL_MAX = 300;

/** Without names, all cells pass: the reader has its own filter. */
const EVERY_NAME = { kind: [], model: [], daemon: [], provider: [], verdict: [] };
/** In the order of the files, so that the newest are last. */
const NUMBERED = "(SELECT row_number() OVER () AS sequence, * FROM sessions)";

/** Questions of the catalog that a report shows as tables. */
const TABLES = [
  { name: "model-regressions", question: "newest week first" },
  { name: "three-refusals", question: "newest first", order: "timestamp DESC" },
  {
    name: "infra-errors",
    question: "newest first",
    order: "from_utc DESC, infra_errors DESC",
  },
] as const;

/** Asks everything that a report shows, one question after the other. Rejects with SqlError. */
export async function readReportData({ select }: JournalReader, options: ReportOptions): Promise<ReportData> {
  const { roster, now_ms, limit, bodies, langfuseLink } = options;
  const ask = createAsk(select);
  const ids_path = roster?.variables.ids_path;
  const flagged = await readFlagged(ask, {
    named: roster !== undefined,
    ids_path: typeof ids_path === "string" ? ids_path : undefined,
    whole_max: limit,
    lines_max: LINES_MAX,
    bodies,
    langfuseLink,
  });
  const cells = await readCells(ask);
  const figures = await readFigures({
    ask,
    cells,
    names: EVERY_NAME,
    from: NUMBERED,
    ids: roster?.variables,
    now_ms,
  });
  const refusals = await readRefusals(ask, now_ms);
  const tables: ReportTable[] = [];
  for (const table of TABLES) tables.push(await readTable(select, table));
  const sessions = await readSessionLines(ask, NUMBERED, "true", NEWEST_MAX);
  const { total, days, weeks, matrix, silent, entries } = figures;
  return {
    version: options.version,
    made_at: new Date(now_ms).toISOString(),
    source: options.source,
    filters: options.filters,
    roster: roster?.name ?? null,
    bodies,
    overview: {
      journal: journalOf(options.source, flagged.sessions, sessions[0]?.timestamp ?? null),
      total,
      alarm: {
        accepted_fills: total.accepted_fills,
        ungrounded: total.ungrounded,
        unchecked: total.unchecked,
        newest: entries,
        audit: auditOf(flagged, roster !== undefined, total.accepted_fills),
      },
      days,
      weeks,
      matrix,
      silent,
    },
    refusals,
    flagged: { counts: flagged.counts, whole: flagged.whole, lines: flagged.lines },
    tables,
    sessions,
    sql: [
      { title: "Tiles", sql: FIGURES_SQL.tiles },
      { title: "Sessions a day", sql: FIGURES_SQL.days },
      { title: "By week", sql: FIGURES_SQL.weeks },
      { title: "First-shot success", sql: FIGURES_SQL.matrix },
      { title: "Refusals", sql: refusals.sql["refusal-reasons"] },
      { title: "Refusals by week", sql: refusals.sql["refusal-weeks"] },
      { title: roster === undefined ? "Alarm" : "Audit", sql: namedSql(roster === undefined ? "alarm" : "audit") },
      ...TABLES.map(({ name }) => ({ title: titleOf(namedSql(name)), sql: namedSql(name) })),
      { title: "Silent daemons", sql: FIGURES_SQL.silent },
      { title: "Newest sessions", sql: FIGURES_SQL.sessions },
    ],
  };
}

/** What a report knows of the log; warnings come when it is whole. */
function journalOf(source: Source, rows: number, newest: string | null): JournalState {
  return {
    path: source.paths.join(", "),
    rows,
    segments: source.segments,
    compacted: 0,
    oldest: null,
    newest,
    last_sequence: source.last_sequence ?? 0,
    version: 0,
    warnings: [],
    complete: true,
  };
}

function auditOf({ counts }: Pick<Flagged, "counts">, looked_up: boolean, accepted_fills: number): Audit {
  if (!looked_up) return { state: "off" };
  const count = (finding: string) => counts.find((each) => each.finding === finding)?.sessions ?? 0;
  return {
    state: "done",
    accepted_fills,
    counts: {
      confirmed_ungrounded: count("confirmed_ungrounded"),
      claimed_grounded: count("claimed_grounded"),
      claimed_ungrounded: count("claimed_ungrounded"),
      never_checked: count("never_checked"),
      no_ids: count("no_ids"),
    },
  };
}

async function readTable(
  select: JournalReader["select"],
  { name, question, order }: { readonly name: string; readonly question: string; readonly order?: string },
): Promise<ReportTable> {
  const sql = namedSql(name);
  const whole = sql.replace(/;\s*$/, "");
  const { columns, batches } = await select(
    order === undefined ? whole : `SELECT * FROM (${whole}\n) ORDER BY ${order}`,
  );
  const rows: (readonly Json[])[] = [];
  let left_out = 0;
  for await (const batch of batches()) {
    const room = Math.max(0, TABLE_ROWS_MAX - rows.length);
    left_out += Math.max(0, batch.length - room);
    for (const row of batch.slice(0, room)) rows.push(columns.map(({ text }, at) => cellOf(text(row[at] ?? null))));
  }
  const shown = columns.map(({ name, numeric }): Column => ({ name, numeric }));
  return { title: titleOf(sql), question, columns: shown, rows, left_out };
}

/** Times to the minute; long texts cut. */
const cellOf = (text: string | undefined): Json => {
  if (text === undefined) return null;
  const { day, minute } = /^(?<day>\d{4}-\d\d-\d\d)[T ](?<minute>\d\d:\d\d):\d\d(\.\d+)?Z?$/.exec(text)?.groups ?? {};
  if (day !== undefined && minute !== undefined) return `${day} ${minute}`;
  const start = [...text.slice(0, 2 * CELL_MAX)];
  return start.length <= CELL_MAX ? text : `${start.slice(0, CELL_MAX).join("")}…`;
};

/** The first line of a query's heading. */
const titleOf = (sql: string): string => sql.split("\n", 1)[0]?.replace(/^-- /, "") ?? "";
