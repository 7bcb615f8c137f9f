-- Grounded share per week and daemon
--
-- Of the accepted fills of each daemon, week by week (from Monday, in UTC): how many are stamped as grounded in the roster, how many
-- as not, and how many nobody checked.

SELECT
  week_of(timestamp) AS week,
  daemon,
  count(*) AS accepted_fills,
  count(*) FILTER (WHERE grounded_in_roster) AS grounded,
  count(*) FILTER (WHERE NOT grounded_in_roster) AS ungrounded,
  count(*) FILTER (WHERE grounded_in_roster IS NULL) AS unchecked,
  round(grounded / accepted_fills, 4) AS grounded_share
FROM sessions AS s
WHERE kind = 'fill' AND final_verdict = 'accepted'
GROUP BY week, daemon
ORDER BY week, daemon;
