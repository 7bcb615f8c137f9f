-- The audit: accepted fills whose stamp differs from the roster
--
-- Does not trust the stamps: looks up the worker ids of each accepted fill's artifact in the roster. finding is
-- confirmed_ungrounded (stamped false, and an id is not on the roster, or is missing), claimed_grounded (the same, but stamped true),
-- claimed_ungrounded (stamped false, but all are there), never_checked (no stamp), or no_ids (the artifact has no list at the path, so
-- there is nothing to look up). unknown_ids are those not on the roster; (none) stands for an entry without an id. Newest first.
-- "sessionlog audit" asks the same and reports it by its exit status.
--
-- Parameters:
--   roster file of worker_id, required: the roster: CSV, Parquet or JSONL
--   ids_path text: JSON path of the ids within the artifact (default: $.fills[*].candidate_id)
--   entries_path text: JSON path of what must have an id each (default: $.fills[*])

WITH extracted AS (
  SELECT
    timestamp,
    session_id,
    daemon,
    model,
    provider,
    grounded_in_roster AS stamp,
    coalesce(json_extract_string(artifact, coalesce(getvariable('ids_path'), '$.fills[*].candidate_id')), []) AS ids,
    len(coalesce(json_extract(artifact, coalesce(getvariable('entries_path'), '$.fills[*]')), [])) AS entries,
    -- What has entries is a list.
    CASE
      WHEN entries > 0 AND contains(coalesce(getvariable('entries_path'), '[*]'), '[*]') THEN 'ARRAY'
      ELSE json_type(artifact, split_part(coalesce(getvariable('entries_path'), '$.fills[*]'), '[*]', 1))
    END AS list_type
  FROM sessions
  WHERE kind = 'fill' AND final_verdict = 'accepted'
),
-- A row for each id, so that a fill is kept only for the ids that are not there: one pass, and no fill waits for it.
named AS (
  SELECT
    -- A session_id may be there twice.
    row_number() OVER () AS fill,
    * EXCLUDE (ids, entries),
    -- An entry may lack the key, or have null there.
    entries > list_count(ids) AS lacks_id,
    list_type IS DISTINCT FROM 'ARRAY' OR stamp IS NOT TRUE OR lacks_id AS is_listed,
    unnest(if(is_listed, list_append(ids, NULL), ids)) AS id
  FROM extracted
),
known AS (
  SELECT trim(worker_id::VARCHAR) AS id FROM roster
),
looked_up AS (
  SELECT
    * EXCLUDE (id),
    coalesce(list(DISTINCT trim(id) ORDER BY trim(id)) FILTER (WHERE id IS NOT NULL), []) AS ids_not_there
  FROM named
  -- Nearly all are there as they are written.
  ANTI JOIN known ON known.id = named.id
  ANTI JOIN known AS trimmed ON trimmed.id = trim(named.id)
  GROUP BY ALL
)
SELECT
  CASE
    WHEN list_type IS DISTINCT FROM 'ARRAY' THEN 'no_ids'
    WHEN stamp IS NULL THEN 'never_checked'
    WHEN stamp THEN 'claimed_grounded'
    WHEN lacks_id OR len(ids_not_there) > 0 THEN 'confirmed_ungrounded'
    ELSE 'claimed_ungrounded'
  END AS finding,
  timestamp,
  session_id,
  daemon,
  model,
  provider,
  stamp,
  list_concat(ids_not_there, if(lacks_id, ['(none)'], [])) AS unknown_ids
FROM looked_up
WHERE is_listed OR len(ids_not_there) > 0
ORDER BY finding <> 'confirmed_ungrounded', timestamp DESC, session_id;
