-- Sessions and their replay runs
--
-- Joins the log with a replay_runs.jsonl by session_id: a row for each run of a session that is in both. record is the run as it stands there.
--
-- Parameters:
--   replay_runs file of session_id, required: the replay runs: JSONL, CSV or Parquet

SELECT
  sessions.timestamp,
  session_id,
  sessions.daemon,
  sessions.kind,
  sessions.model,
  sessions.final_verdict,
  sessions.iterations,
  sessions.duration_ms,
  replay_runs.record
FROM sessions
JOIN replay_runs USING (session_id)
ORDER BY sessions.timestamp, session_id, replay_runs.record;
