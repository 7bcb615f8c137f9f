-- Most frequent reasons of refusals
--
-- What validators say of attempts that they refuse, and what is said of answers without JSON, most frequent first. Quoted text, text in
-- brackets, ids and numbers are folded, so that reasons that differ only in these are one.
--
-- Parameters:
--   limit integer: how many reasons (default: 20)

WITH refused AS (
  SELECT
    verdict_kind,
    session_id,
    error,
    -- Quoted text first, as it may hold all the others: "…"; then (…); ids such as W-1042, UUIDs and hex digits: <id>; numbers: N.
    regexp_replace(
      regexp_replace(
        regexp_replace(
          regexp_replace(error, '"[^"]*"', '"…"', 'g'),
          '\([^()]*\)', '(…)', 'g'
        ),
        '\b([A-Za-z]+-[0-9][A-Za-z0-9-]*|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,})\b', '<id>', 'g'
      ),
      '[0-9]+([.,:][0-9]+)*', 'N', 'g'
    ) AS reason
  FROM attempts
  WHERE verdict_kind IN ('validation_failed', 'no_json')
)
SELECT
  verdict_kind,
  coalesce(reason, '') AS reason,
  count(*) AS attempts,
  count(DISTINCT session_id) AS sessions,
  round(count(*) / sum(count(*)) OVER (), 3) AS share,
  min(error) AS example
FROM refused
GROUP BY verdict_kind, reason
ORDER BY attempts DESC, verdict_kind, reason
LIMIT coalesce(getvariable('limit'), 20);
