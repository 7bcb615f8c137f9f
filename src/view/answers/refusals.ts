import { namedSql } from "../../query/catalog.js";
import type { RefusalReason, Refusals } from "../api.js";
import { type Ask, type Fields, numberOf, textOf } from "./ask.js";
import { compare, groupBy } from "./cube.js";
import { dayText, type WeekNumbers, weekOf, zOfShares } from "./shares.js";

const REASONS_MAX = 20;
const WEEKS_MAX = 13;

/**
 * The refusals of each reason, as the queries refusal-reasons and refusal-weeks fold and count them, but in one pass: by week, and in the rows
 * without `is_week` of all weeks. The last line has all other reasons.
 */
const REFUSALS_SQL = `
  WITH refused AS MATERIALIZED (
    SELECT session_id, week, answered, attempt.verdict_kind AS verdict_kind, coalesce(attempt.error, '') AS error
    FROM (
      SELECT session_id, week_of(timestamp) AS week, is_answered(final_verdict) AS answered, unnest(attempts) AS attempt
      FROM sessions
    )
    WHERE attempt.verdict_kind IN ('validation_failed', 'no_json')
  ),
  named AS (
    SELECT *, least(place, ${REASONS_MAX + 1}) AS line FROM refused JOIN fold_refusals('refused') USING (verdict_kind, error)
  )
  SELECT
    line,
    week::VARCHAR AS week,
    grouping(week) = 0 AS is_week,
    any_value(verdict_kind) AS verdict_kind,
    any_value(reason) AS reason,
    count(*) AS attempts,
    count(DISTINCT session_id) AS sessions,
    count(DISTINCT session_id) FILTER (WHERE answered) AS answered,
    max(place) AS last_place,
    min(error) AS example
  FROM named
  GROUP BY GROUPING SETS ((line, week), (line))
  ORDER BY line`;

const ANSWERED_SQL = `
  SELECT week::VARCHAR AS week, answered
  FROM (SELECT week_of(timestamp) AS week, count(*) AS answered FROM sessions WHERE is_answered(final_verdict) GROUP BY week)
  WHERE week IS NOT NULL
  ORDER BY week`;

/** What validators say, and whether it grows. Rejects with SqlError. */
export async function readRefusals(
  ask: Ask,
  now_ms: number,
): Promise<Pick<Refusals, "reasons" | "others" | "weeks" | "sql">> {
  const this_week = weekOf(dayText(now_ms));
  const answered = (await ask(ANSWERED_SQL)).map((row) => ({
    week: textOf(row.week),
    answered: numberOf(row.answered),
  }));
  const lines = [...groupBy(await ask(REFUSALS_SQL), ({ line }) => String(line)).values()];
  const all = lines.flatMap((rows) => rows.filter(({ is_week }) => is_week !== true));
  const reasons = all.filter(({ line }) => numberOf(line) <= REASONS_MAX);
  const rest = all.find(({ line }) => numberOf(line) > REASONS_MAX);
  const shown = answered.slice(-WEEKS_MAX);
  return {
    reasons: reasons.map((row) => {
      const own = lines.find(([first]) => first?.line === row.line) ?? [];
      return reasonOf(row, own, answered, shown);
    }),
    others: { reasons: numberOf(rest?.last_place ?? REASONS_MAX) - REASONS_MAX, attempts: numberOf(rest?.attempts) },
    weeks: shown.map(({ week, answered }) => ({ week, running: week === this_week, answered })),
    sql: { "refusal-reasons": namedSql("refusal-reasons"), "refusal-weeks": namedSql("refusal-weeks") },
  };
}

type Answered = Pick<WeekNumbers, "week" | "answered">;

function reasonOf(
  row: Fields,
  own: readonly Fields[],
  answered: readonly Answered[],
  shown: readonly Answered[],
): RefusalReason {
  const refused = new Map(
    own.filter(({ is_week }) => is_week === true).map((each) => [textOf(each.week), each.answered]),
  );
  const sessionsIn = (week: string) => numberOf(refused.get(week));
  const newest = shown.at(-1);
  const { change, z } = compareWithBefore(
    newest?.week ?? "",
    answered.map((each) => ({ ...each, first_shot: sessionsIn(each.week) })),
  );
  return {
    verdict_kind: row.verdict_kind === "no_json" ? "no_json" : "validation_failed",
    reason: textOf(row.reason),
    attempts: numberOf(row.attempts),
    sessions: numberOf(row.sessions),
    example: textOf(row.example),
    weekly: shown.map(({ week }) => sessionsIn(week)),
    change,
    z,
  };
}

/** The change of a week's rate against the four weeks before, per 100, to one digit, and its z. */
function compareWithBefore(week: string, numbers: readonly WeekNumbers[]): Pick<RefusalReason, "change" | "z"> {
  const oldest = dayText(Date.parse(week || "1970-01-05") - 28 * 86_400_000);
  const now = numbers.find((each) => each.week === week);
  const before = numbers.filter((each) => compare(each.week, week) < 0 && compare(each.week, oldest) >= 0);
  const sum = before.reduce(
    (total, each) => ({
      answered: total.answered + each.answered,
      first_shot: total.first_shot + each.first_shot,
    }),
    { answered: 0, first_shot: 0 },
  );
  if (now === undefined || sum.answered === 0) return { change: null, z: null };
  const change = 100 * (now.first_shot / now.answered - sum.first_shot / sum.answered);
  return { change: Math.round(change * 10) / 10 + 0, z: zOfShares(now, sum) };
}
