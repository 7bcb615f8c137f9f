-- The views that all queries read
--
-- journal   each line of the files, also those that are not rows of this schema (then every column is NULL, or schema is another)
-- sessions  the rows of schema session.iterate.v1, one a session, columns as in a row
-- attempts  their attempts, one a row; position counts from 1 within the session
--
-- Before this, say which files: SET VARIABLE files = ['data/sessions.jsonl'];
-- Compressed files may be among them; name each segment once, as plain or as gzipped file.

CREATE OR REPLACE VIEW journal AS
SELECT *
FROM read_json(
  getvariable('files'),
  format = 'newline_delimited',
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
