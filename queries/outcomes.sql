-- Outcomes and durations per week, kind, model and provider
--
-- How sessions ended and how long they took: the median, the 90th and the 99th percentile of duration_ms. Weeks begin on Monday, in UTC.
--
-- Parameters:
--   min_sessions integer: leave out groups with fewer sessions (default: 1)

SELECT
  date_trunc('week', timestamp AT TIME ZONE 'UTC')::DATE AS week,
  kind,
  model,
  provider,
  count(*) AS sessions,
  round(count(*) FILTER (WHERE final_verdict = 'accepted') / sessions, 3) AS accepted_share,
  count(*) FILTER (WHERE final_verdict = 'max_iter_exhausted') AS exhausted,
  count(*) FILTER (WHERE final_verdict = 'infra_error') AS infra_errors,
  quantile_disc(duration_ms, 0.5) AS p50_ms,
  quantile_disc(duration_ms, 0.9) AS p90_ms,
  quantile_disc(duration_ms, 0.99) AS p99_ms
FROM sessions AS s
GROUP BY week, kind, model, provider
HAVING sessions >= coalesce(getvariable('min_sessions'), 1)
ORDER BY week, kind, sessions DESC, model, provider;
