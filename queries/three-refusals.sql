-- Three validation refusals in a row
--
-- Sessions in which the validator refused that many attempts one after the other, with what it said of the first and the last of them.
--
-- Parameters:
--   refusals integer: how many in a row (default: 3)

WITH refused AS (
  SELECT
    session_id,
    timestamp,
    daemon,
    kind,
    model,
    final_verdict,
    iterations,
    attempts,
    -- One letter an attempt, v for a refusal, so that a run of them is a piece of text; the first one is at its place.
    position(
      repeat('v', coalesce(getvariable('refusals'), 3))
      IN array_to_string(list_transform(attempts, lambda a: if(a.verdict_kind = 'validation_failed', 'v', '-')), '')
    ) AS begin_at
  FROM sessions
)
SELECT
  timestamp,
  session_id,
  daemon,
  kind,
  model,
  final_verdict,
  iterations,
  attempts[begin_at].error AS first_refusal,
  attempts[begin_at + coalesce(getvariable('refusals'), 3) - 1].error AS last_refusal
FROM refused
WHERE begin_at > 0
ORDER BY timestamp, session_id;
