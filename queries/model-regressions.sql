-- Models that got worse than in the four weeks before
--
-- The share of answered sessions that were accepted at the first attempt, compared with the model's four weeks before, both with their
-- number of sessions. z says how far the drop is from chance (two-proportion z): beyond -2 it is hardly one. Weeks begin on Monday, in
-- UTC; running is the one that has not ended yet. (none) stands for sessions without a model.
--
-- Parameters:
--   min_drop number: leave out drops of fewer percentage points (default: 5)
--   min_sessions integer: leave out weeks with fewer answered sessions, then or before (default: 20)

WITH weekly AS (
  SELECT
    if(model = '', '(none)', model) AS model,
    provider,
    week_of(timestamp) AS week,
    count(*) AS answered,
    count(*) FILTER (WHERE is_first_shot(final_verdict, iterations)) AS first_shot
  FROM sessions AS s
  WHERE is_answered(final_verdict)
  GROUP BY ALL
),
pairs AS (
  SELECT
    *,
    sum(answered) OVER before AS answered_before,
    sum(first_shot) OVER before AS first_shot_before,
    first_shot / answered AS share,
    first_shot_before / answered_before AS share_before,
    (first_shot + first_shot_before) / (answered + answered_before) AS pooled
  FROM weekly
  WINDOW before AS (
    PARTITION BY model, provider ORDER BY week RANGE BETWEEN INTERVAL 28 DAY PRECEDING AND INTERVAL 7 DAY PRECEDING
  )
)
SELECT
  week,
  week = week_of(now()) AS running,
  model,
  provider,
  answered_before,
  round(share_before, 3) AS share_before,
  answered,
  round(share, 3) AS share,
  round(100 * (share - share_before), 1) AS change_points,
  round((share - share_before) / nullif(sqrt(pooled * (1 - pooled) * (1 / answered + 1 / answered_before)), 0), 1) AS z
FROM pairs
WHERE least(answered, answered_before) >= coalesce(getvariable('min_sessions'), 20)
  AND 100 * (share_before - share) >= coalesce(getvariable('min_drop'), 5)
ORDER BY week DESC, change_points, model, provider;
