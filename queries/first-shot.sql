-- First-shot success per model
--
-- How many of each model's sessions were accepted at the first attempt, how many at all, and how many never got an answer
-- because something around the model failed. Shares are of all sessions.
--
-- Parameters:
--   min_sessions integer: leave out models with fewer sessions (default: 1)

SELECT
  model,
  provider,
  count(*) AS sessions,
  count(*) FILTER (WHERE final_verdict = 'accepted' AND iterations = 1) AS first_shot,
  count(*) FILTER (WHERE final_verdict = 'accepted') AS accepted,
  count(*) FILTER (WHERE final_verdict = 'infra_error') AS infra_errors,
  round(first_shot / sessions, 3) AS first_shot_share,
  round(accepted / sessions, 3) AS accepted_share
FROM sessions AS s
GROUP BY model, provider
HAVING sessions >= coalesce(getvariable('min_sessions'), 1)
ORDER BY first_shot_share DESC, sessions DESC, model, provider;
