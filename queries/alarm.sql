-- The alarm: accepted fills that are not grounded
--
-- Must stay empty. Newest first. An accepted fill is ungrounded when its daemon stamped it so (false), unchecked when there is no stamp.
-- "sessionlog alarm" asks the same and reports it by its exit status.

SELECT
  if(grounded_in_roster IS NULL, 'unchecked', 'ungrounded') AS finding,
  timestamp,
  session_id,
  daemon,
  model,
  provider
FROM sessions
WHERE kind = 'fill' AND final_verdict = 'accepted' AND grounded_in_roster IS NOT TRUE
ORDER BY timestamp DESC, session_id;
