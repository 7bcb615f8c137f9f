-- Outcomes and durations per week, kind, model and provider
--
-- How sessions ended and how long they took: the median, the 90th and the 99th percentile of duration_ms. accepted_share is of answered
-- sessions, which leaves out those that ended in an infra_error. Weeks begin on Monday, in UTC. (none) stands for sessions without a model.
--
-- Parameters:
--   min_sessions integer: leave out groups with fewer sessions (default: 1)

SELECT
  week_of(timestamp) AS week,
  kind,
  if(model = '', '(none)', model) AS model,
  provider,
  count(*) AS sessions,
  round(
    count(*) FILTER (WHERE final_verdict = 'accepted') / nullif(count(*) FILTER (WHERE is_answered(final_verdict)), 0),
    3
  ) AS accepted_share,
  count(*) FILTER (WHERE final_verdict = 'max_iter_exhausted') AS exhausted,
  count(*) FILTER (WHERE final_verdict = 'infra_error') AS infra_errors,
  quantile_disc(duration_ms, 0.5) AS p50_ms,
  quantile_disc(duration_ms, 0.9) AS p90_ms,
  quantile_disc(duration_ms, 0.99) AS p99_ms
FROM sessions AS s
GROUP BY ALL
HAVING sessions >= coalesce(getvariable('min_sessions'), 1)
ORDER BY week, kind, sessions DESC, model, provider;
