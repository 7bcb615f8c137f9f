-- Infrastructure errors over time
--
-- Sessions that ended because something around the model failed, per span of time and provider, with their share of all sessions and what
-- was said most often, numbers folded. Spans are of UTC.
--
-- Parameters:
--   span hour|day|week|month: how long a span is (default: week)

SELECT
  date_trunc(coalesce(getvariable('span'), 'week'), make_timestamp(epoch_us(timestamp)))::TIMESTAMP AS from_utc,
  provider,
  count(*) AS sessions,
  count(*) FILTER (WHERE final_verdict = 'infra_error') AS infra_errors,
  round(infra_errors / sessions, 3) AS infra_share,
  mode(error ORDER BY error) FILTER (WHERE final_verdict = 'infra_error') AS most_often
FROM (
  SELECT *, regexp_replace(attempts[-1].error, '[0-9]+', 'N', 'g') AS error FROM sessions
) AS s
GROUP BY from_utc, provider
HAVING infra_errors > 0
ORDER BY from_utc, infra_errors DESC, provider;
