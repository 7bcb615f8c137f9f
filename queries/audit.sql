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

-- Read once, though it is named twice.
WITH fills AS MATERIALIZED (
  SELECT
    -- A session_id may be there twice.
    row_number() OVER () AS fill,
    timestamp,
    session_id,
    daemon,
    model,
    provider,
    grounded_in_roster AS stamp,
    coalesce(json_extract_string(artifact, coalesce(getvariable('ids_path'), '$.fills[*].candidate_id')), []) AS ids,
    len(coalesce(json_extract(artifact, coalesce(getvariable('entries_path'), '$.fills[*]')), [])) AS entries,
    json_type(artifact, split_part(coalesce(getvariable('entries_path'), '$.fills[*]'), '[*]', 1)) AS list_type
  FROM sessions
  WHERE kind = 'fill' AND final_verdict = 'accepted'
),
not_found AS (
  SELECT fill, list(id ORDER BY id) AS ids
  FROM (SELECT DISTINCT fill, trim(unnest(ids)) AS id FROM fills)
  WHERE id IS NOT NULL AND id NOT IN (SELECT trim(worker_id::VARCHAR) FROM roster WHERE worker_id IS NOT NULL)
  GROUP BY fill
),
looked_up AS (
  SELECT
    fills.*,
    list_concat(
      coalesce(not_found.ids, []),
      -- An entry may lack the key, or have null there.
      if(entries > len(list_filter(fills.ids, lambda id: id IS NOT NULL)), ['(none)'], [])
    ) AS unknown_ids
  FROM fills
  LEFT JOIN not_found USING (fill)
)
SELECT
  CASE
    WHEN list_type IS DISTINCT FROM 'ARRAY' THEN 'no_ids'
    WHEN stamp IS NULL THEN 'never_checked'
    WHEN stamp THEN 'claimed_grounded'
    WHEN len(unknown_ids) > 0 THEN 'confirmed_ungrounded'
    ELSE 'claimed_ungrounded'
  END AS finding,
  timestamp,
  session_id,
  daemon,
  model,
  provider,
  stamp,
  unknown_ids
FROM looked_up
WHERE list_type IS DISTINCT FROM 'ARRAY' OR stamp IS NOT TRUE OR len(unknown_ids) > 0
ORDER BY finding <> 'confirmed_ungrounded', timestamp DESC, session_id;
