-- One session with its attempts
--
-- A session by its id, an attempt a row; one row when no attempt is known. All sessions whose ids begin so are shown.
--
-- Parameters:
--   session_id text, required: the id, or its beginning

SELECT
  session_id,
  timestamp,
  daemon,
  kind,
  model,
  final_verdict,
  duration_ms,
  attempt.iteration,
  attempt.verdict_kind,
  attempt.error,
  attempt.span_id
FROM (
  SELECT *, unnest(if(len(attempts) > 0, attempts, [NULL])) AS attempt
  FROM sessions
  WHERE starts_with(session_id, getvariable('session_id'))
)
ORDER BY timestamp, session_id, attempt.iteration;
