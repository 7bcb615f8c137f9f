import { findingsSql } from "../../query/findings.js";
import { literal } from "../../query/literal.js";
import { type Ask, type Fields, numberOf, textOf, textOrNull, timeOf, timeSql } from "../answers/ask.js";
import { verdictOf } from "../answers/session_lines.js";
import type { Attempt, Json, RosterLookup, SessionDetail } from "../api.js";
import type { Finding, Flagged, FlaggedLine, FlaggedSession } from "./report_data.js";

export interface FlaggedOptions {
  /** Whether ids are looked up in the table `roster`. */
  readonly named: boolean;
  /** JSON path of the ids within an artifact. */
  readonly ids_path: string | undefined;
  /** Sessions that are whole, and lines of further ones. */
  readonly whole_max: number;
  readonly lines_max: number;
  /** Whether prompts and artifacts are read. */
  readonly bodies: boolean;
  langfuseLink(session_id: string): string | undefined;
}

/** Of a session in a report. */
const PROMPT_MAX = 4000;
const ARTIFACT_BYTES_MAX = 16 * 1024;
const ATTEMPTS_MAX = 60;
const ERROR_MAX = 1000;
/** Ids of an artifact that are looked up, and those of them that are not on the roster and named. */
const IDS_MAX = 1000;
const UNKNOWN_MAX = 20;
const ID_MAX = 128;

/** The accepted fills with a finding: numbers of all, the newest whole, older ones as lines. Rejects with SqlError. */
export async function readFlagged(
  ask: Ask,
  options: FlaggedOptions,
): Promise<Flagged & { readonly sessions: number; readonly accepted_fills: number }> {
  const { named, whole_max, lines_max } = options;
  const limit = whole_max + lines_max;
  const rows = await ask(flatSql(findingsSql({ query: named ? "audit" : "alarm", named, limit }), named));
  const [first] = rows;
  const listed = rows.flatMap((row): readonly (FlaggedLine & { readonly key: string })[] => {
    const finding = FINDINGS.find((name) => name === row.finding);
    if (finding === undefined) return [];
    return [
      {
        key: `${textOf(row.ended)} ${textOf(row.session_id)}`,
        finding,
        session_id: textOf(row.session_id),
        timestamp: timeOf(row.ended),
        daemon: textOf(row.daemon),
        model: textOf(row.model),
        unknown_ids: unknownOf(row),
      },
    ];
  });
  const counts = FINDINGS.flatMap((finding) => {
    const sessions = numberOf(rows.find((row) => row.finding === finding)?.found);
    return sessions === 0 ? [] : [{ finding, sessions }];
  });
  const newest = listed.slice(0, whole_max);
  const details = await readDetails(ask, newest, options);
  const whole = newest.flatMap((line): readonly FlaggedSession[] => {
    const session = details.get(line.key);
    return session === undefined ? [] : [{ ...line, session }];
  });
  return {
    counts,
    whole,
    lines: listed.slice(whole_max, limit),
    sessions: numberOf(first?.sessions),
    accepted_fills: numberOf(first?.accepted_fills),
  };
}

/** In the order in which they are listed. */
const FINDINGS: readonly Finding[] = [
  "confirmed_ungrounded",
  "claimed_grounded",
  "claimed_ungrounded",
  "never_checked",
  "no_ids",
  "ungrounded",
  "unchecked",
];

/** A list of ids may have as many as fit into an artifact, each as long as that. */
function flatSql(sql: string, named: boolean): string {
  const ids = named
    ? `, len(unknown_ids) AS unknown_count, list_transform(unknown_ids[:${UNKNOWN_MAX}], lambda id: left(id, ${ID_MAX})) AS unknown`
    : "";
  return `SELECT * ${named ? "EXCLUDE (unknown_ids)" : ""}, ${timeSql("timestamp")} AS ended${ids} FROM (${sql}) ORDER BY timestamp DESC, session_id`;
}

function unknownOf({ unknown, unknown_count }: Fields): readonly string[] {
  const ids = Array.isArray(unknown) ? unknown.map(String) : [];
  const more = numberOf(unknown_count) - ids.length;
  return more > 0 ? [...ids, `and ${more.toLocaleString("en-US")} more`] : ids;
}

/** The sessions of the lines by their keys, cut to what a report shows of them. */
async function readDetails(
  ask: Ask,
  lines: readonly (FlaggedLine & { readonly key: string })[],
  options: FlaggedOptions,
): Promise<ReadonlyMap<string, SessionDetail>> {
  if (lines.length === 0) return new Map();
  const { bodies, named, ids_path = "$.fills[*].candidate_id" } = options;
  const ids = literal([...new Set(lines.map(({ session_id }) => session_id))]);
  const rows = await ask(`
    SELECT
      ${timeSql("timestamp")} AS ended,
      session_id, daemon, kind, model, provider, final_verdict, iterations, max_iterations, grounded_in_roster, duration_ms,
      ${bodies ? `left(prompt, ${PROMPT_MAX})` : "''"} AS prompt,
      len(attempts) AS attempt_count,
      list_transform(
        attempts[-${ATTEMPTS_MAX}:],
        lambda a: {iteration: a.iteration, verdict_kind: a.verdict_kind, error: left(a.error, ${ERROR_MAX}), span_id: a.span_id}
      ) AS attempts,
      coalesce(strlen(artifact), 0) AS artifact_bytes,
      ${bodies ? `if(strlen(artifact) <= ${ARTIFACT_BYTES_MAX}, artifact, NULL)` : "NULL"} AS artifact,
      ${named ? `list_transform(json_extract_string(artifact, ${literal(ids_path)})[:${IDS_MAX}], lambda id: left(id, ${ID_MAX}))` : "NULL"} AS ids
    FROM sessions
    WHERE kind = 'fill' AND final_verdict = 'accepted' AND list_contains(${ids}, session_id)`);
  const roster = named ? await readRoster(ask, rows) : undefined;
  const findings = new Map(lines.map((line) => [line.key, line]));
  return new Map(
    rows.flatMap((row) => {
      const key = `${textOf(row.ended)} ${textOf(row.session_id)}`;
      const line = findings.get(key);
      return line === undefined ? [] : [[key, detailOf(row, line, roster, options)] as const];
    }),
  );
}

/** The roster's rows of the ids that the sessions name. */
async function readRoster(ask: Ask, rows: readonly Fields[]): Promise<ReadonlyMap<string, Json>> {
  const ids = [...new Set(rows.flatMap(idsOf))];
  const found = await ask(`
    SELECT trim(worker_id::VARCHAR) AS id, any_value(record) AS record
    FROM roster
    WHERE list_contains(${literal(ids)}::VARCHAR[], trim(worker_id::VARCHAR))
    GROUP BY id`);
  return new Map(found.map((row) => [textOf(row.id), jsonOf(row.record)]));
}

const idsOf = (row: Fields): readonly string[] =>
  Array.isArray(row.ids) ? row.ids.flatMap((id) => (typeof id === "string" ? [id.trim()] : [])) : [];

function detailOf(
  row: Fields,
  line: FlaggedLine,
  roster: ReadonlyMap<string, Json> | undefined,
  { langfuseLink }: FlaggedOptions,
): SessionDetail {
  const session_id = textOf(row.session_id);
  const lookup: RosterLookup | null =
    roster === undefined
      ? null
      : {
          ids: idsOf(row).map((id) => ({ id, entry: roster.get(id) ?? null })),
          unknown: line.unknown_ids,
          finding: null,
        };
  return {
    sequence: 0,
    session_id,
    timestamp: timeOf(row.ended),
    daemon: textOf(row.daemon),
    kind: textOf(row.kind),
    model: textOf(row.model),
    provider: textOf(row.provider),
    verdict: verdictOf(row.final_verdict),
    iterations: numberOf(row.iterations),
    max_iterations: numberOf(row.max_iterations),
    attempt_count: numberOf(row.attempt_count),
    grounded: typeof row.grounded_in_roster === "boolean" ? row.grounded_in_roster : null,
    duration_ms: numberOf(row.duration_ms),
    prompt: textOf(row.prompt),
    attempts: Array.isArray(row.attempts) ? row.attempts.map(Object).map(attemptOf) : [],
    artifact: jsonOf(row.artifact),
    artifact_bytes: numberOf(row.artifact_bytes),
    raw: null,
    raw_bytes: 0,
    roster: lookup,
    replay_runs: null,
    langfuse_url: langfuseLink(session_id) ?? null,
    also: [],
    command: "",
    asked: { queries: 0, ms: 0 },
  };
}

const attemptOf = (row: Fields): Attempt => ({
  iteration: numberOf(row.iteration),
  verdict_kind: textOf(row.verdict_kind),
  error: textOrNull(row.error),
  span_id: textOrNull(row.span_id),
});

/** A value of JSON within an answer: already parsed, as answers come as JSON. */
function jsonOf(value: unknown): Json {
  if (value === null || typeof value === "boolean" || typeof value === "number" || typeof value === "string")
    return value;
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value !== "object") return null;
  // Not by assignment: a key may be __proto__.
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, jsonOf(member)]));
}
