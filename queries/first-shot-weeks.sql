-- First-shot success per week
--
-- The share of answered sessions that were accepted at the first attempt, per week and model, kind or daemon, with the number of
-- sessions and the 95 % interval that they allow (Wilson): from low to high. Weeks begin on Monday, in UTC; running is the one that has
-- not ended yet. (none) stands for sessions without a model.
--
-- Parameters:
--   by model|kind|daemon: what to compare (default: model)
--   min_sessions integer: leave out weeks with fewer answered sessions (default: 1)

WITH weekly AS (
  SELECT
    week_of(timestamp) AS week,
    CASE coalesce(getvariable('by'), 'model')
      WHEN 'kind' THEN kind
      WHEN 'daemon' THEN daemon
      ELSE if(model = '', '(none)', model)
    END AS name,
    count(*) AS answered,
    count(*) FILTER (WHERE is_first_shot(final_verdict, iterations)) AS first_shot,
    first_shot / answered AS share,
    1.96 AS z
  FROM sessions AS s
  WHERE is_answered(final_verdict)
  GROUP BY ALL
),
intervals AS (
  SELECT
    *,
    (share + z * z / (2 * answered)) / (1 + z * z / answered) AS centre,
    z * sqrt(share * (1 - share) / answered + z * z / (4 * answered * answered)) / (1 + z * z / answered) AS margin
  FROM weekly
)
SELECT
  name,
  week,
  week = week_of(now()) AS running,
  answered,
  first_shot,
  round(share, 3) AS share,
  round(centre - margin, 3) AS low,
  round(centre + margin, 3) AS high
FROM intervals
WHERE answered >= coalesce(getvariable('min_sessions'), 1)
ORDER BY name, week;
