-- Sessions and replay runs that lack the other
--
-- The ids that are in only one of the log and a replay_runs.jsonl: sessions that were never replayed, and runs whose session is not in the log.
--
-- Parameters:
--   replay_runs file of session_id, required: the replay runs: JSONL, CSV or Parquet

WITH logged AS (
  SELECT session_id, max(timestamp) AS timestamp, count(*) AS sessions FROM sessions GROUP BY session_id
),
replayed AS (
  SELECT session_id, count(*) AS runs FROM replay_runs WHERE session_id IS NOT NULL GROUP BY session_id
)
SELECT
  if(sessions IS NULL, 'replay_runs', 'sessions') AS only_in,
  session_id,
  timestamp,
  sessions,
  runs
FROM logged
FULL JOIN replayed USING (session_id)
WHERE sessions IS NULL OR runs IS NULL
ORDER BY only_in, timestamp, session_id;
