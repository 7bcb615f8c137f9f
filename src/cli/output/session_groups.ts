import type { JournalReader } from "../../query/index.js";
import { oneLine } from "./text.js";

/** Accepted fills, of which some were found wanting. */
export interface SessionReport {
  readonly accepted_fills: number;
  /** By the query's column finding; a finding without sessions has no group. */
  readonly groups: ReadonlyMap<string, SessionGroup>;
}

/** The sessions with one finding. */
export interface SessionGroup {
  count: number;
  /** The first of them. */
  readonly sessions: ListedSession[];
}

interface ListedSession {
  /** Texts of the query's columns by name; undefined for NULL. */
  readonly texts: ReadonlyMap<string, string | undefined>;
  /** Its columns and the link as members of a JSON object. */
  readonly members: readonly string[];
  readonly link: string | undefined;
}

/** Further sessions are counted, not listed: output stays bounded. */
const SESSIONS_MAX = 10_000;
const ACCEPTED_FILLS = "SELECT count(*) FROM sessions WHERE kind = 'fill' AND final_verdict = 'accepted'";

/**
 * Runs a query over accepted fills that has the columns finding and session_id.
 *
 * @param langfuse_url "" for no links
 */
export async function readReport(reader: JournalReader, sql: string, langfuse_url: string): Promise<SessionReport> {
  let accepted_fills = 0;
  const total = await reader.select(ACCEPTED_FILLS);
  for await (const rows of total.batches()) for (const row of rows) accepted_fills = Number(row[0]);
  const groups = new Map<string, SessionGroup>();
  const { columns, batches } = await reader.select(sql);
  for await (const rows of batches()) {
    for (const row of rows) {
      const texts = new Map(columns.map(({ name, text }, index) => [name, text(row[index] ?? null)]));
      const finding = texts.get("finding") ?? "";
      const group = groups.get(finding) ?? { count: 0, sessions: [] };
      groups.set(finding, group);
      group.count += 1;
      if (group.sessions.length === SESSIONS_MAX) continue;
      const link = langfuseLink(langfuse_url, texts.get("session_id") ?? "");
      const members = columns.flatMap(({ name, json }, index) =>
        name === "finding" ? [] : [`${JSON.stringify(name)}:${json(row[index] ?? null)}`],
      );
      if (link !== undefined) members.push(`"langfuse_url":${JSON.stringify(link)}`);
      group.sessions.push({ texts, members, link });
    }
  }
  return { accepted_fills, groups };
}

/** For people: a heading for each group, then a line for each of its sessions. */
export function printGroups({ groups }: SessionReport, headings: Readonly<Record<string, string>>): string {
  return Object.entries(headings)
    .map(([finding, heading]) => printGroup(heading, groups.get(finding)))
    .join("");
}

function printGroup(heading: string, group: SessionGroup | undefined): string {
  if (group === undefined) return "";
  const lines = group.sessions.map(({ texts, link }) => {
    const known = ["timestamp", "daemon", "model", "session_id"].map((name) => texts.get(name) ?? "");
    const unknown_ids = texts.get("unknown_ids") ?? "[]";
    const unknown = unknown_ids === "[]" ? "" : `not on the roster: ${unknown_ids}`;
    const shown = [...known, unknown, link ?? ""].filter((text) => text !== "");
    return `  ${shown.map(oneLine).join("  ")}\n`;
  });
  const more = group.count - group.sessions.length;
  return `${heading}: ${number(group.count)}\n${lines.join("")}${more > 0 ? `  … and ${number(more)} more\n` : ""}`;
}

/** One JSON object: the members of `verdict`, the number of accepted fills, then count and sessions of each finding. */
export function printReportJson(
  verdict: Readonly<Record<string, boolean>>,
  { accepted_fills, groups }: SessionReport,
  findings: readonly string[],
): string {
  const members = [
    JSON.stringify({ ...verdict, accepted_fills }).slice(1, -1),
    ...findings.map((finding) => `"${finding}_count":${groups.get(finding)?.count ?? 0}`),
    ...findings.map((finding) => {
      const sessions = groups.get(finding)?.sessions ?? [];
      return `"${finding}":[${sessions.map(({ members }) => `{${members.join(",")}}`).join(",")}]`;
    }),
  ];
  return `{${members.join(",")}}\n`;
}

/** Where Langfuse shows a session; undefined without an address. */
function langfuseLink(url: string, session_id: string): string | undefined {
  if (url === "") return undefined;
  // Without the project, Langfuse finds it by itself.
  const page = /\/project\/[^/]+$/.test(url) ? "traces" : "trace";
  return `${url}/${page}/${encodeURIComponent(session_id)}`;
}

/** `1,234`. */
export function number(value: number): string {
  return value.toLocaleString("en-US");
}
