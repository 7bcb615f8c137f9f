import type { JournalReader } from "../../query/index.js";
import { oneLine } from "./text.js";

/** A session that an alarm or an audit tells of. */
export interface FoundSession {
  /** Texts of the query's columns by name; undefined for NULL. */
  readonly texts: ReadonlyMap<string, string | undefined>;
  /** Its columns and the link as the members of a JSON object. */
  readonly members: readonly string[];
  readonly link: string | undefined;
}

/** The sessions of one kind of finding. */
export interface FindingGroup {
  count: number;
  /** The first of them. */
  readonly sessions: FoundSession[];
}

/** More are counted only: an alarm that is rung for every session is to end as well. */
const maxSessions = 10_000;

/**
 * Gathers the rows of a query with columns finding and session_id.
 *
 * @param langfuse_url "" for no links
 */
export async function gatherFindings(
  reader: JournalReader,
  sql: string,
  langfuse_url: string,
): Promise<ReadonlyMap<string, FindingGroup>> {
  const { columns, batches } = await reader.select(sql);
  const groups = new Map<string, FindingGroup>();
  for await (const rows of batches()) {
    for (const row of rows) {
      const texts = new Map(columns.map(({ name, text }, index) => [name, text(row[index] ?? null)]));
      const finding = texts.get("finding") ?? "";
      const group = groups.get(finding) ?? { count: 0, sessions: [] };
      groups.set(finding, group);
      group.count += 1;
      if (group.sessions.length === maxSessions) continue;
      const link = langfuseLink(langfuse_url, texts.get("session_id") ?? "");
      const members = columns.flatMap(({ name, json }, index) =>
        name === "finding" ? [] : [`${JSON.stringify(name)}:${json(row[index] ?? null)}`],
      );
      if (link !== undefined) members.push(`"langfuse_url":${JSON.stringify(link)}`);
      group.sessions.push({ texts, members, link });
    }
  }
  return groups;
}

/** The number that a query of one row and one column answers. */
export async function readNumber(reader: JournalReader, sql: string): Promise<number> {
  const { batches } = await reader.select(sql);
  let number = 0;
  for await (const rows of batches()) for (const row of rows) number = Number(row[0]);
  return number;
}

/**
 * The lines of a group for people: a heading, then a line for each session.
 *
 * @param tail what is said of a session beside its time, daemon, model, id and link
 */
export function printGroup(
  heading: string,
  group: FindingGroup | undefined,
  tail: (texts: FoundSession["texts"]) => string = () => "",
): string {
  if (group === undefined) return "";
  const lines = group.sessions.map(({ texts, link }) => {
    const known = ["timestamp", "daemon", "model", "session_id"].map((name) => texts.get(name) ?? "");
    const shown = [...known, tail(texts), link ?? ""].filter((text) => text !== "");
    return `  ${shown.map(oneLine).join("  ")}\n`;
  });
  const more = group.count - group.sessions.length;
  return `${heading}: ${number(group.count)}\n${lines.join("")}${more > 0 ? `  … and ${number(more)} more\n` : ""}`;
}

/** The sessions of a group as a JSON array. */
export function jsonGroup(group: FindingGroup | undefined): string {
  return `[${(group?.sessions ?? []).map(({ members }) => `{${members.join(",")}}`).join(",")}]`;
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
