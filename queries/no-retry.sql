-- Real candidates without any retry
--
-- The workers whom grounded fills name that were accepted at the first attempt, and in how many; retried counts the grounded fills that
-- name them too, but took more attempts. With --max-retried 0 only those are left who never needed a retry.
--
-- Parameters:
--   max_retried integer: leave out workers with more retried fills (default: any number)

WITH candidates AS (
  SELECT DISTINCT
    unnest(json_extract_string(artifact, '$.fills[*].candidate_id')) AS candidate_id,
    -- Shorter to compare than the id: a session that is there twice counts once.
    hash(session_id),
    timestamp,
    iterations
  FROM sessions
  WHERE kind = 'fill' AND final_verdict = 'accepted' AND grounded_in_roster
)
SELECT
  candidate_id,
  count(*) FILTER (WHERE iterations <= 1) AS without_retry,
  count(*) FILTER (WHERE iterations > 1) AS retried,
  max(timestamp) FILTER (WHERE iterations <= 1) AS last_without_retry
FROM candidates
GROUP BY candidate_id
HAVING without_retry > 0 AND retried <= coalesce(getvariable('max_retried'), retried)
ORDER BY retried, without_retry DESC, candidate_id;
