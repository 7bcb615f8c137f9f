import { namedSql, withVariables } from "../../query/catalog.js";
import type { RefusalReason, Refusals } from "../api.js";
import { type Ask, numberOf, numberOrNull, textOf } from "./ask.js";

const REASONS_MAX = 20;
const WEEKS_MAX = 13;

const QUERIES = ["refusal-reasons", "refusal-weeks"] as const;

/** What validators say, and whether it grows: two queries of the catalog. Rejects with SqlError. */
export async function readRefusals(ask: Ask): Promise<Pick<Refusals, "reasons" | "others" | "weeks" | "sql">> {
  const [reasons_sql, weeks_sql] = QUERIES.map(refusalsSql);
  const found = await ask(reasons_sql ?? "");
  const weekly = await ask(`SELECT * REPLACE (week::VARCHAR AS week) FROM (${weeks_sql ?? ""})`);
  const weeks = [...new Map(weekly.map((row) => [textOf(row.week), row]))]
    .map(([week, row]) => ({ week, running: row.running === true, answered: numberOf(row.answered) }))
    .sort((a, b) => (a.week < b.week ? -1 : 1));
  const newest = weeks.at(-1)?.week;
  const reasons = found.flatMap((row): readonly RefusalReason[] => {
    const { verdict_kind, reason } = row;
    if (verdict_kind !== "validation_failed" && verdict_kind !== "no_json") return [];
    const own = new Map(
      weekly
        .filter((each) => each.reason === reason && each.verdict_kind === verdict_kind)
        .map((each) => [textOf(each.week), each]),
    );
    const last = own.get(newest ?? "");
    return [
      {
        verdict_kind,
        reason: textOf(reason),
        attempts: numberOf(row.attempts),
        sessions: numberOf(row.sessions),
        example: textOf(row.example),
        weekly: weeks.map(({ week }) => numberOf(own.get(week)?.sessions)),
        change: numberOrNull(last?.change),
        z: numberOrNull(last?.z),
      },
    ];
  });
  const rest = found.find((row) => row.verdict_kind === null);
  const others = {
    reasons: Number(/^other: (\d+) reasons/.exec(textOf(rest?.reason))?.[1] ?? 0),
    attempts: numberOf(rest?.attempts),
  };
  const [reasons_name, weeks_name] = QUERIES;
  return {
    reasons,
    others,
    weeks,
    sql: { [reasons_name]: reasons_sql ?? "", [weeks_name]: weeks_sql ?? "" },
  };
}

function refusalsSql(name: (typeof QUERIES)[number]): string {
  const variables = name === "refusal-weeks" ? { limit: REASONS_MAX, weeks: WEEKS_MAX } : { limit: REASONS_MAX };
  return withVariables(namedSql(name), variables).replace(/;\s*$/, "");
}
