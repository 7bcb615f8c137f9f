import type {
  AlarmFinding,
  AuditFinding,
  Column,
  Json,
  Overview,
  Refusals,
  SessionDetail,
  SessionLine,
} from "../api.js";

/** All that a report shows: made in Node, rendered by app/report.tsx. Types only. */
export interface ReportData {
  readonly version: string;
  /** RFC 3339. */
  readonly made_at: string;
  readonly source: Source;
  /** The command's filters as flags and values. */
  readonly filters: readonly string[];
  /** The roster's file as the command line names it; null without. */
  readonly roster: string | null;
  /** Whether prompts and artifacts may be in it. */
  readonly bodies: boolean;
  readonly overview: Pick<Overview, "journal" | "total" | "alarm" | "days" | "weeks" | "matrix" | "silent">;
  readonly refusals: Pick<Refusals, "reasons" | "others" | "weeks" | "sql">;
  readonly flagged: Flagged;
  readonly tables: readonly ReportTable[];
  /** The newest ones. */
  readonly sessions: readonly SessionLine[];
  readonly sql: readonly { readonly title: string; readonly sql: string }[];
}

/** What was read, so that the figures can be checked against the same files. */
export interface Source {
  /** As the command line names them. */
  readonly paths: readonly string[];
  /** Sealed segments that were read, and whether an active file was, too. */
  readonly segments: number;
  readonly active: boolean;
  /** Of the sealed segments; null without any. */
  readonly first_sequence: number | null;
  readonly last_sequence: number | null;
  /** SHA-256 of the lines `<digest>  <name>` of the sealed segments in `<stem>.sha256`, in the order of their names; null without. */
  readonly checksums_sha256: string | null;
}

export type Finding = AlarmFinding | AuditFinding;

/** Accepted fills with a finding: of the audit with a roster, of the alarm without. */
export interface Flagged {
  /** Exact, also of those that are not here. */
  readonly counts: readonly { readonly finding: Finding; readonly sessions: number }[];
  /** Newest first. */
  readonly whole: readonly FlaggedSession[];
  /** Older ones, newest first, a line each. */
  readonly lines: readonly FlaggedLine[];
}

export interface FlaggedLine {
  readonly finding: Finding;
  readonly session_id: string;
  readonly timestamp: string | null;
  readonly daemon: string;
  readonly model: string;
  /** Ids that are not on the roster. */
  readonly unknown_ids: readonly string[];
}

export interface FlaggedSession extends FlaggedLine {
  readonly session: SessionDetail;
}

export interface ReportTable {
  readonly title: string;
  readonly question: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Json[])[];
  /** Rows that are not here. */
  readonly left_out: number;
}
