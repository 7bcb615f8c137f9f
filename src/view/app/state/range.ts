import type { Filters } from "../../api.js";

/** The ranges that the header offers. */
export const RANGES = [
  { label: "24 h", since: "24h" },
  { label: "7 d", since: "7d" },
  { label: "30 d", since: "30d" },
  { label: "90 d", since: "90d" },
] as const;

const DAY_MS = 86_400_000;

/**
 * The filters with the range moved by its own length. Without a range, and when it would lie in the future, unchanged.
 *
 * @param now_ms milliseconds since 1970
 */
export function moveRange(filters: Filters, direction: -1 | 1, now_ms: number): Filters {
  const from = momentOf(filters.since, now_ms);
  if (from === undefined) return filters;
  const to = momentOf(filters.until, now_ms) ?? now_ms;
  const length = to - from;
  if (length <= 0 || from + direction * length >= now_ms) return filters;
  const { until, ...others } = filters;
  return { ...others, ...rangeOf(from + direction * length, to + direction * length, now_ms) };
}

/** A range as filters; without an end that is not past. */
function rangeOf(from_ms: number, to_ms: number, now_ms: number): Pick<Filters, "since" | "until"> {
  return { since: timeText(from_ms), ...(to_ms >= now_ms ? {} : { until: timeText(to_ms) }) };
}

/** The days from one date to another, both included, whatever their order: "2026-10-05". */
export function rangeOfDays(one: string, other: string): { readonly since: string; readonly until: string } {
  const [since, last] = one < other ? [one, other] : [other, one];
  return { since, until: timeText(Date.parse(`${last}T00:00:00Z`) + DAY_MS) };
}

/** A filter's range for two date inputs; the last day is one that is included. */
export function daysOfRange({ since, until }: Pick<Filters, "since" | "until">, now_ms: number) {
  const from = momentOf(since, now_ms);
  const to = momentOf(until, now_ms);
  return {
    first: from === undefined ? "" : new Date(from).toISOString().slice(0, 10),
    last: to === undefined ? "" : new Date(to - 1).toISOString().slice(0, 10),
  };
}

/** A date when it is midnight in UTC, else a time. */
function timeText(ms: number): string {
  const text = new Date(ms).toISOString();
  return ms % DAY_MS === 0 ? text.slice(0, 10) : `${text.slice(0, 19)}Z`;
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: DAY_MS };

/** Of a duration before now, a date or a time. */
function momentOf(text: string | undefined, now_ms: number): number | undefined {
  if (text === undefined) return undefined;
  const { number, unit = "" } = /^(?<number>\d+)(?<unit>ms|s|m|h|d)$/.exec(text)?.groups ?? {};
  const ms = number === undefined ? Date.parse(text) : now_ms - Number(number) * (UNITS_MS[unit] ?? Number.NaN);
  return Number.isNaN(ms) ? undefined : ms;
}
