-- The views that all queries read, and what they define once
--
-- journal   each line of the files, also those that are not rows of this schema (then every column is NULL, or schema is another)
-- sessions  the rows of schema session.iterate.v1, one a session, columns as in a row
-- attempts  their attempts, one a row; position counts from 1 within the session
--
-- is_answered, is_first_shot, week_of, fold_refusals: see below.
--
-- Before this, say which files: SET VARIABLE files = ['data/sessions.jsonl'];
-- Compressed files may be among them; name each segment once, as plain or as compressed file.

CREATE OR REPLACE VIEW journal AS
SELECT *
FROM read_json(
  getvariable('files'),
  format = 'newline_delimited',
  -- Otherwise a line such as 7 makes DuckDB take each line for one value.
  records = true,
  -- A line that a writer has not finished yet is a row of NULLs then, not the end of the query.
  ignore_errors = true,
  hive_partitioning = false,
  columns = {
    schema: 'VARCHAR',
    session_id: 'VARCHAR',
    timestamp: 'TIMESTAMPTZ',
    daemon: 'VARCHAR',
    kind: 'VARCHAR',
    model: 'VARCHAR',
    provider: 'VARCHAR',
    prompt: 'VARCHAR',
    iterations: 'INTEGER',
    max_iterations: 'INTEGER',
    final_verdict: 'VARCHAR',
    attempts: 'STRUCT(iteration INTEGER, verdict_kind VARCHAR, error VARCHAR, span_id VARCHAR)[]',
    artifact: 'JSON',
    grounded_in_roster: 'BOOLEAN',
    duration_ms: 'BIGINT'
  }
);

CREATE OR REPLACE VIEW sessions AS
SELECT * FROM journal WHERE schema = 'session.iterate.v1';

CREATE OR REPLACE VIEW attempts AS
SELECT
  session_id,
  timestamp,
  daemon,
  kind,
  model,
  provider,
  final_verdict,
  generate_subscripts(attempts, 1) AS position,
  unnest(attempts, recursive := true)
FROM sessions;

-- Whether a model answered, so that the session says something about it. Shares of first-shot and of accepted sessions are of these.
CREATE OR REPLACE MACRO is_answered(final_verdict) AS final_verdict <> 'infra_error';

-- Whether the first attempt was accepted.
CREATE OR REPLACE MACRO is_first_shot(final_verdict, iterations) AS final_verdict = 'accepted' AND iterations = 1;

-- The Monday of a time's week, in UTC. Without AT TIME ZONE, which takes three times as long.
CREATE OR REPLACE MACRO week_of(t) AS date_trunc('week', make_timestamp(epoch_us(t)))::DATE;

-- The reason of each refusal, so that one reason is one text: the distinct (verdict_kind, error) of the table or CTE of that name, with
-- their reason and its place, 1 for the most frequent. Errors that differ only in quoted text, in text in brackets, in ids or in numbers
-- have the same reason; and where a beginning of three words or more goes on in five ways or more, what follows is free text: "…".
CREATE OR REPLACE MACRO fold_refusals(refused) AS TABLE
WITH errors AS (
  SELECT
    verdict_kind,
    error,
    -- Quoted text first, as it may contain all the others: "…"; then (…); ids such as W-1042, UUIDs and hex digits: <id>; numbers: N.
    regexp_replace(
      regexp_replace(
        regexp_replace(
          regexp_replace(error, '"[^"]*"', '"…"', 'g'),
          '\([^()]*\)', '(…)', 'g'
        ),
        '\b([A-Za-z]+-[0-9][A-Za-z0-9-]*|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,})\b', '<id>', 'g'
      ),
      '[0-9]+([.,:][0-9]+)*', 'N', 'g'
    ) AS folded,
    count(*) AS attempts
  FROM query_table(refused)
  GROUP BY verdict_kind, error
),
texts AS (
  SELECT DISTINCT verdict_kind, folded, string_split(folded, ' ') AS words FROM errors
),
beginnings AS (
  SELECT verdict_kind, array_to_string(words[1:length], ' ') || ' ' AS beginning, length
  FROM texts, unnest(range(3, len(words))) AS lengths(length)
  GROUP BY verdict_kind, beginning, length
  HAVING count(DISTINCT words[length + 1]) >= 5
),
reasons AS (
  SELECT
    texts.verdict_kind,
    folded,
    coalesce(arg_min(beginning, length) || '…', if(folded = '', '(none)', folded)) AS reason
  FROM texts
  LEFT JOIN beginnings ON beginnings.verdict_kind = texts.verdict_kind AND starts_with(folded, beginning)
  GROUP BY texts.verdict_kind, folded
)
SELECT verdict_kind, error, reason, dense_rank() OVER (ORDER BY attempts DESC, verdict_kind, reason) AS place
FROM (
  SELECT verdict_kind, error, reason, sum(attempts) OVER (PARTITION BY verdict_kind, reason) AS attempts
  FROM errors
  JOIN reasons USING (verdict_kind, folded)
);
