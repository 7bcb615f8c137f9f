import { namedSql, withVariables } from "../../query/catalog.js";
import { type Literal, literal } from "../../query/index.js";
import type { Attempt, AuditFinding, Json, RosterLookup, SessionDetail } from "../api.js";
import { type Ask, type Fields, numberOf, textOf, textOrNull } from "./ask.js";
import { verdictOf } from "./session_lines.js";

/** Longer ones are downloaded. */
const BODY_BYTES_MAX = 256 * 1024;
const IDS_MAX = 1_000;
const RUNS_MAX = 100;

/** What is of the session itself. */
export type SessionBody = Omit<
  SessionDetail,
  "roster" | "replay_runs" | "langfuse_url" | "also" | "command" | "asked" | "raw" | "raw_bytes"
>;

/** A session from its row, as JSON or as a table's columns have it. */
export function sessionBody(row: Fields, sequence: number): SessionBody {
  const attempts: readonly unknown[] = Array.isArray(row.attempts) ? row.attempts : [];
  const artifact = toJson(row.artifact);
  const artifact_bytes = artifact === null ? 0 : Buffer.byteLength(JSON.stringify(artifact));
  return {
    sequence,
    session_id: textOf(row.session_id),
    timestamp: textOrNull(row.timestamp),
    daemon: textOf(row.daemon),
    kind: textOf(row.kind),
    model: textOf(row.model),
    provider: textOf(row.provider),
    verdict: verdictOf(row.final_verdict),
    iterations: numberOf(row.iterations),
    max_iterations: numberOf(row.max_iterations),
    attempt_count: attempts.length,
    grounded: typeof row.grounded_in_roster === "boolean" ? row.grounded_in_roster : null,
    duration_ms: numberOf(row.duration_ms),
    prompt: textOf(row.prompt),
    attempts: attempts.map(Object).map(attemptOf),
    artifact: artifact_bytes > BODY_BYTES_MAX ? null : artifact,
    artifact_bytes,
  };
}

function attemptOf({ iteration, verdict_kind, error, span_id }: Fields): Attempt {
  return {
    iteration: numberOf(iteration),
    verdict_kind: textOf(verdict_kind),
    error: textOrNull(error),
    span_id: textOrNull(span_id),
  };
}

/** A value that JSON.parse has made. */
export function toJson(value: unknown): Json {
  if (value === null || value === undefined) return null;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (Array.isArray(value)) return value.map(toJson);
  // Not by Object.fromEntries of another shape: a key __proto__ stays a key.
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, toJson(member)]));
}

/** The row's bytes for the page, unless they are too long. */
export function rawOf(bytes: Buffer | undefined): Pick<SessionDetail, "raw" | "raw_bytes"> {
  const length = bytes?.length ?? 0;
  return { raw: length > BODY_BYTES_MAX || bytes === undefined ? null : bytes.toString(), raw_bytes: length };
}

/**
 * Looks up the ids of an accepted fill's artifact in the table `roster`.
 *
 * @param ask over this one session
 * @param ids variables of the query audit
 */
export async function readRosterLookup(ask: Ask, ids: Readonly<Record<string, Literal>>): Promise<RosterLookup | null> {
  const path = withVariables("coalesce(getvariable('ids_path'), '$.fills[*].candidate_id')", ids);
  const [found] = await ask(`
    SELECT json_extract_string(artifact, ${path}) AS ids
    FROM sessions
    WHERE kind = 'fill' AND final_verdict = 'accepted'
    LIMIT 1`);
  if (found === undefined) return null;
  const named = (Array.isArray(found.ids) ? found.ids : []).flatMap((id) => (typeof id === "string" ? [id] : []));
  const shown = named.slice(0, IDS_MAX);
  const trimmed = shown.map((id) => id.trim());
  const entries = await ask(`
    SELECT trim(worker_id::VARCHAR) AS id, any_value(record) AS record
    FROM roster
    WHERE trim(worker_id::VARCHAR) IN (SELECT unnest(${literal(trimmed)}::VARCHAR[]))
    GROUP BY ALL`);
  const by_id = new Map(entries.map(({ id, record }) => [id, toJson(record)]));
  const audit = withVariables(namedSql("audit"), ids).replace(/;\s*$/, "");
  const [finding] = await ask(`SELECT finding, unknown_ids FROM (${audit})`);
  return {
    ids: shown.map((id) => ({ id, entry: by_id.get(id.trim()) ?? null })),
    unknown: Array.isArray(finding?.unknown_ids) ? finding.unknown_ids.map(String) : [],
    finding: FINDINGS.find((each) => each === finding?.finding) ?? null,
  };
}

const FINDINGS: readonly AuditFinding[] = [
  "confirmed_ungrounded",
  "claimed_grounded",
  "claimed_ungrounded",
  "never_checked",
  "no_ids",
];

/** The replay runs of a session, from the table `replay_runs`. */
export async function readReplayRuns(ask: Ask, session_id: string): Promise<SessionDetail["replay_runs"]> {
  const rows = await ask(`
    SELECT record FROM replay_runs WHERE session_id = ${literal(session_id)} ORDER BY record::VARCHAR LIMIT ${RUNS_MAX + 1}`);
  const runs = rows.slice(0, RUNS_MAX).map(({ record }) => toJson(record));
  return { runs, truncated: rows.length > RUNS_MAX };
}
