import type { FindingsOptions, JournalReader } from "../../query/index.js";
import { paint, type Terminal, textWidth } from "./terminal.js";
import { oneLine } from "./text.js";
import { agoText, minuteText } from "./time_text.js";

/** What was asked about accepted fills, and what was found. */
export interface SessionReport {
  /** All in the log, whatever the filter. */
  readonly sessions: number;
  /** When the newest of them ended: milliseconds since 1970. */
  readonly newest_ms: number | undefined;
  /** Those that pass the filter. */
  readonly accepted_fills: number;
  /** By the query's column finding; a finding without sessions has no group. */
  readonly groups: ReadonlyMap<string, SessionGroup>;
}

/** The sessions with one finding, newest first. */
export interface SessionGroup {
  readonly count: number;
  /** The newest of them. */
  readonly sessions: ListedSession[];
}

interface ListedSession {
  /** Texts of the query's columns by name; undefined for NULL. */
  readonly texts: ReadonlyMap<string, string | undefined>;
  /** Its columns and the link as members of a JSON object. */
  readonly members: readonly string[];
  readonly link: string | undefined;
}

/** Sessions of each finding that are listed for people, unless `--limit` says otherwise; further ones are counted. */
export const LISTED_DEFAULT = 20;
/** As JSON. */
export const LISTED_JSON_DEFAULT = 10_000;

/**
 * Asks in one scan of the log.
 *
 * @param langfuse_url "" for no links
 */
export async function readReport(
  reader: JournalReader,
  options: FindingsOptions,
  langfuse_url: string,
): Promise<SessionReport> {
  const { findingsSql, WHOLE_COLUMNS } = await import("../../query/index.js");
  const { columns, batches } = await reader.select(findingsSql(options));
  const own = new Set<string>([...WHOLE_COLUMNS, "finding"]);
  const groups = new Map<string, SessionGroup>();
  let whole = { sessions: 0, accepted_fills: 0, newest_ms: Number.NaN };
  for await (const rows of batches()) {
    for (const row of rows) {
      const texts = new Map(columns.map(({ name, text }, index) => [name, text(row[index] ?? null)]));
      const count = (name: string) => Number(texts.get(name) ?? 0);
      whole = {
        sessions: count("sessions"),
        accepted_fills: count("accepted_fills"),
        newest_ms: Date.parse(texts.get("newest") ?? ""),
      };
      const finding = texts.get("finding");
      if (finding === undefined) continue;
      const group = groups.get(finding) ?? { count: count("found"), sessions: [] };
      groups.set(finding, group);
      const link = langfuseLink(langfuse_url, texts.get("session_id") ?? "");
      const members = columns.flatMap(({ name, json }, index) =>
        own.has(name) ? [] : [`${JSON.stringify(name)}:${json(row[index] ?? null)}`],
      );
      if (link !== undefined) members.push(`"langfuse_url":${JSON.stringify(link)}`);
      group.sessions.push({ texts, members, link });
    }
  }
  return { ...whole, newest_ms: Number.isNaN(whole.newest_ms) ? undefined : whole.newest_ms, groups };
}

/** `newest session 2026-11-15T23:52Z, 11 days ago` */
export function newestText({ newest_ms }: SessionReport, now_ms: number): string {
  return newest_ms === undefined
    ? "there is no session"
    : `newest session ${minuteText(newest_ms)}, ${agoText(newest_ms, now_ms)}`;
}

/**
 * For people: a heading for each group, then a line for each of its sessions.
 *
 * @param more the command that lists all
 */
export function printGroups(
  { groups }: SessionReport,
  headings: Readonly<Record<string, string>>,
  more: string,
  terminal: Terminal,
): string {
  return Object.entries(headings)
    .map(([finding, heading]) => printGroup(heading, groups.get(finding), more, terminal))
    .join("");
}

function printGroup(heading: string, group: SessionGroup | undefined, more: string, terminal: Terminal): string {
  if (group === undefined) return "";
  const lines = group.sessions.map((session) => `  ${printSession(session, terminal)}\n`);
  const rest = group.count - group.sessions.length;
  const cut = rest > 0 ? `  ${paint(terminal, `… and ${number(rest)} more: ${more}`, "dim")}\n` : "";
  return `${heading}: ${number(group.count)}\n${lines.join("")}${cut}`;
}

/** Time, daemon, model, id and what is not on the roster; on a narrow terminal time and id are short. */
function printSession({ texts, link }: ListedSession, { width = Number.POSITIVE_INFINITY }: Terminal): string {
  const unknown_ids = texts.get("unknown_ids") ?? "[]";
  const unknown = unknown_ids === "[]" ? "" : `not on the roster: ${unknown_ids}`;
  const [timestamp = "", daemon = "", model = "", id = ""] = ["timestamp", "daemon", "model", "session_id"].map(
    (name) => texts.get(name) ?? "",
  );
  const line = (...parts: readonly string[]) =>
    [...parts, unknown, link ?? ""]
      .filter((text) => text !== "")
      .map(oneLine)
      .join("  ");
  const whole = line(timestamp, daemon, model, id);
  return textWidth(whole) + 2 <= width ? whole : line(timestamp.slice(0, 16), daemon, model, id.slice(0, 8));
}

/** One JSON object: the members of `verdict`, numbers of the whole, then count and sessions of each finding. */
export function printReportJson(
  verdict: Readonly<Record<string, boolean>>,
  { sessions, newest_ms, accepted_fills, groups }: SessionReport,
  findings: readonly string[],
): string {
  const newest_session = newest_ms === undefined ? null : new Date(newest_ms).toISOString();
  const members = [
    JSON.stringify({ ...verdict, sessions, newest_session, accepted_fills }).slice(1, -1),
    ...findings.map((finding) => `"${finding}_count":${groups.get(finding)?.count ?? 0}`),
    ...findings.map((finding) => {
      const listed = groups.get(finding)?.sessions ?? [];
      return `"${finding}":[${listed.map(({ members }) => `{${members.join(",")}}`).join(",")}]`;
    }),
  ];
  return `{${members.join(",")}}\n`;
}

/** Where Langfuse shows a session; undefined without an address. */
export function langfuseLink(url: string, session_id: string): string | undefined {
  if (url === "") return undefined;
  // Without the project, Langfuse finds it by itself.
  const page = /\/project\/[^/]+$/.test(url) ? "traces" : "trace";
  return `${url}/${page}/${encodeURIComponent(session_id)}`;
}

/** `1,234`. */
export function number(value: number): string {
  return value.toLocaleString("en-US");
}
