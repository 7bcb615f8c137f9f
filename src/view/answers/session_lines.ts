import type { SessionLine, Verdict } from "../api.js";
import { type Ask, type Fields, numberOf, textOf, textOrNull, timeOf, timeSql } from "./ask.js";

/** Letters of a line's attempts, the last ones. */
const ATTEMPTS_MAX = 40;
/** Code points of a line's refusal. */
const REFUSAL_MAX = 200;

/** The letters of a session's attempts, one after the other; see SessionLine. */
export const LETTERS_SQL = `array_to_string(list_transform(attempts, lambda a: CASE a.verdict_kind
        WHEN 'validation_failed' THEN 'v' WHEN 'no_json' THEN 'n' WHEN 'accepted' THEN 'a' WHEN 'infra_error' THEN 'i'
        ELSE '?' END), '')`;

/**
 * The sessions of a view or table that has the columns of `sessions` and `sequence`, newest first.
 *
 * @param condition SQL
 */
function sessionLinesSql(from: string, condition: string, limit: number): string {
  return `
  SELECT
    sequence,
    session_id,
    ${timeSql("timestamp")} AS timestamp,
    daemon,
    kind,
    model,
    provider,
    final_verdict AS verdict,
    iterations,
    max_iterations,
    right(${LETTERS_SQL}, ${ATTEMPTS_MAX}) AS attempts,
    len(attempts) AS attempt_count,
    left(list_last(list_filter(attempts, lambda a: a.verdict_kind <> 'accepted' AND a.error <> '')).error, ${REFUSAL_MAX}) AS refusal,
    grounded_in_roster AS grounded,
    duration_ms
  FROM ${from}
  WHERE ${condition}
  ORDER BY sequence DESC
  LIMIT ${limit}`;
}

/** How far back the newest sessions are looked for before all are. */
const WINDOWS = [2_000, 60_000] as const;

/**
 * Sessions in a list, newest first. Rejects with SqlError.
 *
 * @param top the highest sequence that there may be, when it is known: then little more is read than what is listed
 */
export async function readSessionLines(
  ask: Ask,
  from: string,
  condition: string,
  limit: number,
  top?: number,
): Promise<readonly SessionLine[]> {
  for (const window of top === undefined ? [] : WINDOWS) {
    const newest = `(${condition}) AND sequence > ${Number(top) - window}`;
    const lines = (await ask(sessionLinesSql(from, newest, limit))).map(sessionLine);
    if (lines.length === limit) return lines;
  }
  // First only their numbers, for which little is read; then only the files that have them.
  const [range] = await ask(`
    SELECT min(sequence) AS low, max(sequence) AS high
    FROM (SELECT sequence FROM ${from} WHERE ${condition} ORDER BY sequence DESC LIMIT ${limit})`);
  if (range === undefined || typeof range.low !== "number") return [];
  const listed = `(${condition}) AND sequence BETWEEN ${range.low} AND ${numberOf(range.high)}`;
  return (await ask(sessionLinesSql(from, listed, limit))).map(sessionLine);
}

function sessionLine(row: Fields): SessionLine {
  return {
    sequence: numberOf(row.sequence),
    session_id: textOf(row.session_id),
    timestamp: timeOf(row.timestamp),
    daemon: textOf(row.daemon),
    kind: textOf(row.kind),
    model: textOf(row.model),
    provider: textOf(row.provider),
    verdict: verdictOf(row.verdict),
    iterations: numberOf(row.iterations),
    max_iterations: numberOf(row.max_iterations),
    attempts: textOf(row.attempts),
    attempt_count: numberOf(row.attempt_count),
    refusal: textOrNull(row.refusal),
    grounded: typeof row.grounded === "boolean" ? row.grounded : null,
    duration_ms: numberOf(row.duration_ms),
  };
}

const VERDICTS: readonly Verdict[] = ["accepted", "max_iter_exhausted", "infra_error"];

/** A row whose verdict is another one is odd, and nothing that was answered. */
export const verdictOf = (value: unknown): Verdict => VERDICTS.find((verdict) => verdict === value) ?? "infra_error";
