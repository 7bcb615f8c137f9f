-- Models that got worse from one week to the next
--
-- The share of sessions accepted at the first attempt, compared with the model's week before, both with their number of sessions. z says
-- how far the drop is from chance (two-proportion z): beyond -2 it is hardly one. Weeks begin on Monday, in UTC; sessions that ended in an
-- infra_error are left out, as they say nothing of the model.
--
-- Parameters:
--   min_drop number: leave out drops of fewer percentage points (default: 5)
--   min_sessions integer: leave out pairs with fewer sessions in either week (default: 20)

WITH weekly AS (
  SELECT
    model,
    provider,
    date_trunc('week', timestamp AT TIME ZONE 'UTC')::DATE AS week,
    count(*) AS sessions,
    count(*) FILTER (WHERE final_verdict = 'accepted' AND iterations = 1) AS first_shot
  FROM sessions AS s
  WHERE final_verdict <> 'infra_error'
  GROUP BY model, provider, week
),
pairs AS (
  SELECT
    now.*,
    before.sessions AS sessions_before,
    now.first_shot / now.sessions AS share,
    before.first_shot / before.sessions AS share_before,
    (now.first_shot + before.first_shot) / (now.sessions + before.sessions) AS pooled
  FROM weekly AS now
  JOIN weekly AS before
    ON before.model = now.model AND before.provider = now.provider AND before.week = now.week - 7
)
SELECT
  week,
  model,
  provider,
  sessions_before,
  round(share_before, 3) AS first_shot_before,
  sessions,
  round(share, 3) AS first_shot,
  round(100 * (share - share_before), 1) AS change_points,
  round(
    (share - share_before) / nullif(sqrt(pooled * (1 - pooled) * (1 / sessions + 1 / sessions_before)), 0),
    1
  ) AS z
FROM pairs
WHERE least(sessions, sessions_before) >= coalesce(getvariable('min_sessions'), 20)
  AND 100 * (share_before - share) >= coalesce(getvariable('min_drop'), 5)
ORDER BY week DESC, change_points, model, provider;
