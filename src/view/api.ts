/**
 * What the viewer's server answers, as JSON: the one agreement between the server, the page (app/) and the report, which is made of the same
 * answers. Types only. test/view/api/ has an example of each.
 *
 * Every route begins with `/<token>`:
 *
 *     GET  /api/overview?<filters>                         Overview
 *     GET  /api/panel/<query>?<filters>&<its parameters>   Panel       the parameters as `sessionlog query --help` names them, with _ for -
 *     GET  /api/refusals?<filters>                         Refusals    what comes after the overview, as it takes longest
 *     GET  /api/sessions?<filters>&before=&after=&limit=   SessionPage
 *     GET  /api/session?id=                                SessionDetail
 *     GET  /api/facets?<filters>                           Facets
 *     GET  /api/live?<filters>                             text/event-stream of LiveEvents
 *     GET  /api/raw?id=&sequence=                          the row's own bytes, as a download
 *     POST /api/sql?<filters>   SqlRequest                 SqlAnswer
 *
 * Any status but 200 and 202 comes with an ErrorAnswer. 202 comes with a Loading: files that are not compacted are read first, and the
 * same request is to be made again after a second. Texts are as they stand in the rows: whoever shows them escapes what cannot be seen.
 */

/**
 * The filters of a request, as its parameters. Those with a list may be there more than once, and any of their values passes; an empty
 * value is the name of nothing, such as the model of a session whose daemon did not say.
 */
export interface Filters {
  /** As the flags: a duration before now ("30d"), a date, or a time. */
  readonly since?: string;
  readonly until?: string;
  readonly kind?: readonly string[];
  readonly model?: readonly string[];
  readonly daemon?: readonly string[];
  readonly provider?: readonly string[];
  readonly verdict?: readonly string[];
  /** A reason as a row of the queries refusal-weeks and refusal-reasons has it: sessions with a refusal of that reason. */
  readonly reason?: string;
  /** "ungrounded", "unchecked", or "any" of the two. */
  readonly alarm?: AlarmFinding | "any";
  /** Attempts one after the other, as the letters of SessionLine.attempts: "vvv" for three refusals in a row. */
  readonly pattern?: string;
  /** Text to find in session ids (their beginning), in what validators said, and in the artifacts of accepted fills. */
  readonly find?: string;
  /** A page's own random name: an older request of the same route by the same page is stopped, and answered "superseded". */
  readonly tab?: string;
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export type Verdict = "accepted" | "max_iter_exhausted" | "infra_error";
export type AlarmFinding = "ungrounded" | "unchecked";
export type AuditFinding =
  | "confirmed_ungrounded"
  | "claimed_grounded"
  | "claimed_ungrounded"
  | "never_checked"
  | "no_ids";

/** The session log that is read. Part of most answers. */
export interface JournalState {
  /** As the command line names it. */
  readonly path: string;
  /** Sessions, whatever the filters. */
  readonly rows: number;
  /** Sealed files, and how many of them have been read as Parquet. */
  readonly segments: number;
  readonly compacted: number;
  /** When the first and the newest session ended, RFC 3339; null without any. */
  readonly oldest: string | null;
  readonly newest: string | null;
  readonly last_sequence: number;
  /** Rises when there are new rows or files: an answer of another version may differ. */
  readonly version: number;
  /** What the command line would say on standard error, a line each: damaged segments, skipped lines. */
  readonly warnings: readonly string[];
  /** False: something could not be read, so that every figure is of what could be. */
  readonly complete: boolean;
}

/** 202: the files are still being read. */
export interface Loading {
  readonly loading: {
    readonly path: string;
    /** Files that are read into memory; `sessionlog compact` spares that. */
    readonly files: number;
    /** 0 to 100. */
    readonly percent: number;
  };
}

/** Any status but 200 and 202. */
export interface ErrorAnswer {
  readonly error: {
    readonly code: ErrorCode;
    /** One line, to be shown. */
    readonly message: string;
    /** Further lines, such as the place in an SQL text. "" for none. */
    readonly details: string;
  };
}

/** With the status that each comes with. */
export type ErrorCode =
  /** 400: a parameter cannot be used; the message names it. */
  | "bad_request"
  /** 401: no token, or another one. */
  | "unauthorized"
  /** 403: the request comes from another page or for another host. */
  | "forbidden"
  /** 404: no such route, query or session. */
  | "not_found"
  /** 405 */
  | "method_not_allowed"
  /** 409: a newer request of the same page has taken its place, or several ids begin so. */
  | "superseded"
  | "ambiguous"
  /** 413 */
  | "too_large"
  /** 422: the SQL is wrong, not allowed, or failed. */
  | "sql"
  /** 500: a defect. */
  | "internal"
  /** 502: the session log cannot be read; the message is the command line's. */
  | "journal"
  /** 503, with Retry-After: too many requests wait, or too many follow live (then ask /api/sessions?after= now and then). */
  | "busy"
  /** 504: stopped after ten seconds; the others stand. */
  | "late";

/** Numbers of sessions. */
export interface Counts {
  readonly sessions: number;
  /** Those that did not end in an infra_error: shares are of these. */
  readonly answered: number;
  /** Accepted at the first attempt. */
  readonly first_shot: number;
  readonly accepted: number;
  readonly exhausted: number;
  readonly infra_errors: number;
  /** Accepted sessions of kind fill, and those of them that are not grounded or have no stamp. */
  readonly accepted_fills: number;
  readonly ungrounded: number;
  readonly unchecked: number;
}

/** Of sessions other than those that ended in an infra_error; null without any. */
export interface Durations {
  readonly p50_ms: number | null;
  readonly p95_ms: number | null;
}

/** A share of answered sessions. */
export interface Share {
  readonly answered: number;
  readonly first_shot: number;
  /** 0 to 1; null when answered is 0. */
  readonly share: number | null;
  /** The 95 % interval that this number of sessions allows (Wilson), 0 to 1. */
  readonly low: number | null;
  readonly high: number | null;
}

/** A week's share beside that of the four weeks before, as in model-regressions. */
export interface WeekShare extends Share {
  /** Its Monday, in UTC: "2026-10-05". */
  readonly week: string;
  /** Null when there was nothing in the four weeks before. */
  readonly share_before: number | null;
  readonly answered_before: number;
  /** How far the change is from chance (two-proportion z): beyond -2 or 2 it is hardly one. */
  readonly z: number | null;
  /** z is -2 or less, with 20 sessions in both. */
  readonly fell: boolean;
}

export interface Week extends Counts, Durations {
  readonly week: string;
  /** Whether it has not ended yet. */
  readonly running: boolean;
  readonly first: WeekShare;
}

export interface Day extends Counts {
  /** "2026-10-05", in UTC. */
  readonly day: string;
}

export interface MatrixRow extends Share {
  /** "" for sessions without a model. */
  readonly name: string;
  /** The provider; the kind in rows by model_kind; "" else. */
  readonly detail: string;
  /** Those weeks in which it has answered sessions, ascending. */
  readonly weeks: readonly WeekShare[];
}

export type MatrixBy = "model" | "kind" | "daemon" | "model_kind";

export interface AlarmEntry {
  readonly finding: AlarmFinding | "claimed_grounded";
  readonly sequence: number;
  readonly session_id: string;
  readonly timestamp: string | null;
  readonly daemon: string;
  readonly model: string;
  /** Ids that are not on the roster; null without --roster. */
  readonly unknown_ids: readonly string[] | null;
}

/** What the alarm's tile says. Raised when ungrounded or unchecked is not 0; nothing to check when accepted_fills is 0. */
export interface Alarm {
  readonly accepted_fills: number;
  readonly ungrounded: number;
  readonly unchecked: number;
  /** The newest ones, at most 5. */
  readonly newest: readonly AlarmEntry[];
  readonly audit: Audit;
}

/** All accepted fills looked up in the roster, whatever the filters: in the background, so that the first page need not wait. */
export type Audit =
  /** Without --roster. */
  | { readonly state: "off" }
  | { readonly state: "running" }
  | { readonly state: "failed"; readonly message: string }
  | {
      readonly state: "done";
      readonly accepted_fills: number;
      readonly counts: Readonly<Record<AuditFinding, number>>;
    };

export interface SilentDaemon {
  readonly daemon: string;
  readonly last: string;
  readonly silent_days: number;
  readonly sessions: number;
  readonly sessions_a_day: number;
}

export interface Overview {
  readonly journal: JournalState;
  readonly viewer: Viewer;
  /** How the filters were understood: times as RFC 3339. */
  readonly since: string | null;
  readonly until: string | null;
  readonly total: Counts & Durations;
  readonly alarm: Alarm;
  /** Only days and weeks with sessions, ascending. */
  readonly days: readonly Day[];
  readonly weeks: readonly Week[];
  readonly matrix: Readonly<Record<MatrixBy, readonly MatrixRow[]>>;
  readonly silent: readonly SilentDaemon[];
  readonly facets: FacetLists;
  /** When no session passes: how many would without one of the filters. Else empty. */
  readonly removed_by: readonly { readonly filter: keyof Filters; readonly value: string; readonly sessions: number }[];
  readonly sql: Readonly<Record<"tiles" | "days" | "weeks" | "matrix" | "alarm" | "silent" | "sessions", string>>;
  readonly asked: Asked;
}

/** What the viewer was started with. */
export interface Viewer {
  readonly version: string;
  /** The roster's and the replay runs' files as the command line names them; null without. */
  readonly roster: string | null;
  readonly replay_runs: string | null;
  /** Where new rows come from: a service, or the active file. */
  readonly live: "service" | "file";
}

/** What the answer took. */
export interface Asked {
  readonly queries: number;
  readonly ms: number;
}

/** A query of the catalog. */
export interface Panel {
  readonly journal: JournalState;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly columns: readonly Column[];
  /** A value for each column. */
  readonly rows: readonly (readonly Json[])[];
  /** Whether there are more rows than are here (1,000). */
  readonly truncated: boolean;
  readonly sql: string;
  /** The command line that asks the same; "" when there is none, as for the filters reason, alarm, pattern, find, provider and verdict. */
  readonly command: string;
  readonly asked: Asked;
}

/** The queries refusal-reasons and refusal-weeks together: what validators say, most frequent first. */
export interface Refusals {
  readonly journal: JournalState;
  /** At most 20. */
  readonly reasons: readonly RefusalReason[];
  /** What the limit leaves out. */
  readonly others: { readonly reasons: number; readonly attempts: number };
  /** Of the newest 13 weeks with sessions, ascending. */
  readonly weeks: readonly { readonly week: string; readonly running: boolean; readonly answered: number }[];
  readonly sql: Readonly<Record<"refusal-reasons" | "refusal-weeks", string>>;
  readonly command: string;
  readonly asked: Asked;
}

export interface RefusalReason {
  readonly verdict_kind: "validation_failed" | "no_json";
  /** Folded: to be given as the filter `reason`. */
  readonly reason: string;
  readonly attempts: number;
  readonly sessions: number;
  readonly example: string;
  /** Answered sessions with such a refusal, one number for each of `weeks`. */
  readonly weekly: readonly number[];
  /** Of the newest week against the four before, per 100 answered sessions; null when there is nothing to compare with. */
  readonly change: number | null;
  readonly z: number | null;
}

export interface Column {
  readonly name: string;
  readonly numeric: boolean;
}

/** A session in a list. */
export interface SessionLine {
  readonly sequence: number;
  readonly session_id: string;
  /** RFC 3339; null when the row's time cannot be used. */
  readonly timestamp: string | null;
  readonly daemon: string;
  readonly kind: string;
  readonly model: string;
  readonly provider: string;
  readonly verdict: Verdict;
  readonly iterations: number;
  readonly max_iterations: number;
  /** A letter an attempt: v validation_failed, n no_json, a accepted, i infra_error, ? another. The last 40. */
  readonly attempts: string;
  readonly attempt_count: number;
  /** What was said of the last refusal, its first 200 code points; null without. */
  readonly refusal: string | null;
  readonly grounded: boolean | null;
  readonly duration_ms: number;
}

/** Newest first; with `after`, those with a higher sequence, the newest `limit` of them. */
export interface SessionPage {
  readonly journal: JournalState;
  readonly sessions: readonly SessionLine[];
  /** To be given as `before` for the next page; null at the end. */
  readonly before: number | null;
  /** Sessions that pass the filters. */
  readonly total: number;
  readonly command: string;
  readonly asked: Asked;
}

export interface SessionDetail extends Omit<SessionLine, "attempts" | "refusal"> {
  readonly prompt: string;
  readonly attempts: readonly Attempt[];
  /** Null when there is none, or when it is longer than 256 KiB: then there is the download. */
  readonly artifact: Json;
  /** Of its JSON; 0 without. */
  readonly artifact_bytes: number;
  /** The row as it stands in the file; null when longer than 256 KiB. */
  readonly raw: string | null;
  readonly raw_bytes: number;
  /** Null without --roster, and for others than accepted sessions. */
  readonly roster: RosterLookup | null;
  /** Null without --replay-runs. */
  readonly replay_runs: { readonly runs: readonly Json[]; readonly truncated: boolean } | null;
  readonly langfuse_url: string | null;
  /** Sequences of further rows with this id. */
  readonly also: readonly number[];
  /** `sessionlog show …` */
  readonly command: string;
  readonly asked: Asked;
}

export interface Attempt {
  readonly iteration: number;
  readonly verdict_kind: string;
  readonly error: string | null;
  readonly span_id: string | null;
}

export interface RosterLookup {
  /** The ids of the artifact, in its order, at most 1,000; the entry is the roster's row, null when the id is not there. */
  readonly ids: readonly { readonly id: string; readonly entry: Json }[];
  /** Those that are not on the roster; (none) for an entry without an id. */
  readonly unknown: readonly string[];
  /** What audit finds of it; null when the stamp is right, or the session is no accepted fill. */
  readonly finding: AuditFinding | null;
}

/** What there is to choose, most frequent first, each under the other filters. At most 200 of each. */
export interface Facets {
  readonly journal: JournalState;
  readonly facets: FacetLists;
  readonly asked: Asked;
}

export type FacetName = "kind" | "model" | "daemon" | "provider" | "verdict";
export type FacetLists = Readonly<Record<FacetName, readonly FacetValue[]>>;

export interface FacetValue {
  readonly value: string;
  readonly sessions: number;
}

/** The `event` and the `data` of each. */
export interface LiveEvents {
  /** New sessions that pass the filters but for since, until, reason and find; oldest first, at most 200. */
  readonly sessions: {
    readonly sessions: readonly SessionLine[];
    readonly left_out: number;
    readonly journal: JournalState;
  };
  /** First of all, and when it changes. "paused": the service is away; it is tried again each second. */
  readonly state: { readonly state: "following" | "paused"; readonly message: string; readonly at: string };
  /** Files were sealed, compacted or removed, or the background's audit has ended: ask again. */
  readonly journal: { readonly journal: JournalState };
}

/** At most 64 KiB. */
export interface SqlRequest {
  readonly sql: string;
}

export interface SqlAnswer {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Json[])[];
  /** Whether there are more rows than are here (10,000). */
  readonly truncated: boolean;
  readonly warnings: readonly string[];
  readonly command: string;
  readonly ms: number;
}
