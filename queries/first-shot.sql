-- First-shot success per model
--
-- How many of each model's answered sessions were accepted at the first attempt, and how many at all. Sessions that ended in an
-- infra_error are counted apart, as they say nothing about the model. (none) stands for sessions without a model.
--
-- Parameters:
--   min_sessions integer: leave out models with fewer answered sessions (default: 0)

SELECT
  if(model = '', '(none)', model) AS model,
  provider,
  count(*) FILTER (WHERE is_answered(final_verdict)) AS answered,
  count(*) FILTER (WHERE is_first_shot(final_verdict, iterations)) AS first_shot,
  count(*) FILTER (WHERE final_verdict = 'accepted') AS accepted,
  count(*) FILTER (WHERE final_verdict = 'infra_error') AS infra_errors,
  round(first_shot / nullif(answered, 0), 3) AS first_shot_share,
  round(accepted / nullif(answered, 0), 3) AS accepted_share
FROM sessions AS s
GROUP BY ALL
HAVING answered >= coalesce(getvariable('min_sessions'), 0)
ORDER BY first_shot_share DESC NULLS LAST, answered DESC, model, provider;
