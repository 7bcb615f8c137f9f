-- Daemons gone silent
--
-- Daemons whose last session is this many days older than the newest one of all, with their sessions a day while they were active.
--
-- Parameters:
--   days number: how long a daemon must have been silent (default: 3)

WITH heard AS (
  SELECT
    daemon,
    count(*) AS sessions,
    min(timestamp) AS first,
    max(timestamp) AS last
  FROM sessions AS s
  GROUP BY daemon
)
SELECT
  daemon,
  last,
  round((epoch(max(last) OVER ()) - epoch(last)) / 86400, 1) AS silent_days,
  sessions,
  round(sessions / greatest((epoch(last) - epoch(first)) / 86400, 1), 1) AS sessions_a_day
FROM heard
QUALIFY silent_days >= coalesce(getvariable('days'), 3)
ORDER BY last, daemon;
