import type { Filters } from "../../api.js";

/** Where the reader is: all of it is in the address, so that Back works and a link shows the same. */
export interface Place {
  readonly page: Page;
  readonly filters: Filters;
  /** The id of the open session, or its beginning. */
  readonly session: string | undefined;
  /** A query that the overview shows as a table. */
  readonly panel: string | undefined;
  /** The SQL tab's text. */
  readonly sql: string | undefined;
}

export type Page = "overview" | "sessions" | "sql";

/** Filters that take several values. */
export const LISTS = ["kind", "model", "daemon", "provider", "verdict"] as const;
const TEXTS = ["since", "until", "reason", "pattern", "find"] as const;
const ALARMS = ["ungrounded", "unchecked", "any"] as const;
const PAGES = ["overview", "sessions", "sql"] as const;

/** @param address with the search and the hash of a location */
export function parsePlace(address: { readonly search: string; readonly hash: string }): Place {
  const query = new URLSearchParams(address.search);
  const page = PAGES.find((name) => name === query.get("view")) ?? "overview";
  const filters: { -readonly [Name in keyof Filters]: Filters[Name] } = {};
  for (const name of TEXTS) {
    const value = query.get(name);
    if (value !== null && value !== "") filters[name] = value;
  }
  for (const name of LISTS) {
    const values = query.getAll(name);
    if (values.length > 0) filters[name] = values;
  }
  const alarm = ALARMS.find((name) => name === query.get("alarm"));
  if (alarm !== undefined) filters.alarm = alarm;
  return {
    page,
    filters,
    session: new URLSearchParams(address.hash.slice(1)).get("s") || undefined,
    panel: query.get("panel") || undefined,
    sql: query.get("sql") || undefined,
  };
}

/** The place as a link from any other one: `?since=30d&kind=fill#s=fec5120f`. */
export function hrefOf({ page, filters, session, panel, sql }: Place): string {
  const query = filterQuery(filters);
  if (page !== "overview") query.append("view", page);
  if (panel !== undefined) query.append("panel", panel);
  if (sql !== undefined) query.append("sql", sql);
  return `?${readable(query)}${session === undefined ? "" : `#${readable(new URLSearchParams({ s: session }))}`}`;
}

/** The filters as a request has them. */
export function filterQuery(filters: Filters): URLSearchParams {
  const query = new URLSearchParams();
  for (const name of TEXTS) if (filters[name] !== undefined) query.append(name, filters[name]);
  for (const name of LISTS) for (const value of filters[name] ?? []) query.append(name, value);
  if (filters.alarm !== undefined) query.append("alarm", filters.alarm);
  return query;
}

/** Without escapes that an address does not need: `qwen3:8b`. */
const readable = (query: URLSearchParams): string => query.toString().replaceAll("%3A", ":").replaceAll("%2C", ",");

/** The filters without one of them, or without one of its values. */
export function without(filters: Filters, name: keyof Filters, value?: string): Filters {
  const { [name]: removed, ...others } = filters;
  if (value === undefined || !Array.isArray(removed)) return others;
  const left = removed.filter((each) => each !== value);
  return left.length === 0 ? others : { ...others, [name]: left };
}

/** The filters with one value of a list, or without it when it is there already. */
export function toggled(filters: Filters, name: (typeof LISTS)[number], value: string): Filters {
  return filters[name]?.includes(value) ? without(filters, name, value) : { ...filters, [name]: [value] };
}

/** A filter's value in words, with its name where the value does not say it. */
export function filterText(name: keyof Filters, value: string): string {
  if (name === "alarm") return value === "any" ? "not grounded or unchecked" : value;
  if (name === "pattern") return value === "vvv" ? "three refusals in a row" : `attempts ${value}`;
  return `${name}: ${value === "" ? "(none)" : value}`;
}

/** Each value of the filters on its own. */
export function eachFilter(filters: Filters): readonly (readonly [name: keyof Filters, value: string])[] {
  return [
    ...TEXTS.flatMap((name) => (filters[name] === undefined ? [] : [[name, filters[name]] as const])),
    ...LISTS.flatMap((name) => (filters[name] ?? []).map((value) => [name, value] as const)),
    ...(filters.alarm === undefined ? [] : [["alarm", filters.alarm] as const]),
  ];
}
