-- How many attempts sessions take
--
-- For each number of attempts: the sessions that took this many and how they ended. accepted_so_far is the share of answered
-- sessions (those that did not end in an infra_error) that were accepted within that many attempts: what one more allowed attempt brings.

SELECT
  iterations,
  count(*) AS sessions,
  count(*) FILTER (WHERE final_verdict = 'accepted') AS accepted,
  count(*) FILTER (WHERE final_verdict = 'max_iter_exhausted') AS exhausted,
  count(*) FILTER (WHERE final_verdict = 'infra_error') AS infra_errors,
  round(sum(accepted) OVER (ORDER BY iterations) / nullif(sum(sessions - infra_errors) OVER (), 0), 3) AS accepted_so_far
FROM sessions AS s
GROUP BY iterations
ORDER BY iterations;
