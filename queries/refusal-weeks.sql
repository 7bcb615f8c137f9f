-- Reasons of refusals, week over week
--
-- Of 100 answered sessions of a week, in how many an attempt was refused for each of the most frequent reasons, compared with the four
-- weeks before. z says how far the change is from chance (two-proportion z): beyond 2 or -2 it is hardly one. Newest week first, what
-- grew most at its top. Weeks begin on Monday, in UTC; running is the one that has not ended yet. Reasons are folded as in
-- refusal-reasons; the other ones together are a row of their own.
--
-- Parameters:
--   limit integer: how many reasons (default: 20)
--   weeks integer: how many of the newest weeks (default: 4)

WITH answered AS MATERIALIZED (
  SELECT week_of(timestamp) AS week, session_id, attempts FROM sessions WHERE is_answered(final_verdict)
),
refused AS MATERIALIZED (
  SELECT week, session_id, attempt.verdict_kind AS verdict_kind, coalesce(attempt.error, '') AS error
  FROM (SELECT week, session_id, unnest(attempts) AS attempt FROM answered)
  WHERE attempt.verdict_kind IN ('validation_failed', 'no_json')
),
named AS (
  SELECT *, least(place, coalesce(getvariable('limit'), 20) + 1) AS line
  FROM refused
  JOIN fold_refusals('refused') USING (verdict_kind, error)
),
lines AS (
  SELECT
    line,
    line > coalesce(getvariable('limit'), 20) AS is_other,
    if(is_other, NULL, any_value(verdict_kind)) AS verdict_kind,
    if(is_other, format('other: {} reasons', count(DISTINCT place)), any_value(reason)) AS reason
  FROM named
  GROUP BY line
),
-- Also the weeks in which a reason is not there.
counts AS (
  SELECT week, line, answered, coalesce(sessions, 0) AS sessions
  FROM (SELECT week, count(*) AS answered FROM answered GROUP BY week)
  CROSS JOIN lines
  LEFT JOIN (SELECT week, line, count(DISTINCT session_id) AS sessions FROM named GROUP BY week, line) USING (week, line)
),
pairs AS (
  SELECT
    *,
    sum(sessions) OVER before AS sessions_before,
    sum(answered) OVER before AS answered_before,
    sessions / answered AS rate,
    sessions_before / answered_before AS rate_before,
    (sessions + sessions_before) / (answered + answered_before) AS pooled,
    dense_rank() OVER (ORDER BY week DESC) AS age
  FROM counts
  WINDOW before AS (
    PARTITION BY line ORDER BY week RANGE BETWEEN INTERVAL 28 DAY PRECEDING AND INTERVAL 7 DAY PRECEDING
  )
)
SELECT
  week,
  week = week_of(now()) AS running,
  verdict_kind,
  reason,
  sessions,
  answered,
  round(100 * rate, 1) AS per_100,
  round(100 * rate_before, 1) AS per_100_before,
  -- Without a sign on zero: sums in another order differ in their last bit.
  round(100 * (rate - rate_before), 1) + 0.0 AS change,
  round((rate - rate_before) / nullif(sqrt(pooled * (1 - pooled) * (1 / answered + 1 / answered_before)), 0), 1) + 0.0 AS z
FROM pairs
JOIN lines USING (line)
WHERE age <= coalesce(getvariable('weeks'), 4)
ORDER BY week DESC, change DESC NULLS LAST, line;
