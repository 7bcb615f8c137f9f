-- Most frequent reasons of refusals
--
-- What validators say of attempts that they refuse, and what is said of answers without JSON, most frequent first. Ids, numbers, quoted
-- text, text in brackets and free text at the end are folded, so that errors that differ only in these are one reason. The last row
-- says what the limit leaves out.
--
-- Parameters:
--   limit integer: how many reasons (default: 20)

WITH refused AS MATERIALIZED (
  SELECT verdict_kind, coalesce(error, '') AS error, session_id
  FROM attempts
  WHERE verdict_kind IN ('validation_failed', 'no_json')
),
named AS (
  SELECT *, place > coalesce(getvariable('limit'), 20) AS is_other, if(is_other, NULL, place) AS line
  FROM refused
  JOIN fold_refusals('refused') USING (verdict_kind, error)
)
SELECT
  if(is_other, NULL, any_value(verdict_kind)) AS verdict_kind,
  if(is_other, format('other: {} reasons, {} attempts', count(DISTINCT place), count(*)), any_value(reason)) AS reason,
  count(*) AS attempts,
  count(DISTINCT session_id) AS sessions,
  round(count(*) / sum(count(*)) OVER (), 3) AS share,
  if(is_other, NULL, min(error)) AS example
FROM named
GROUP BY is_other, line
ORDER BY is_other, line;
