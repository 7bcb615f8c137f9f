import { duration } from "./quantities.js";

/** What `parseTime` takes, as it follows "expected". */
export const TIME_EXPECTED =
  'a duration before now such as "7d" or "12h", a date such as 2026-05-02, or a time such as 2026-05-02T05:22:09Z';

const TIME_AGO = duration("1ms", "36500d");
const DATE_OR_TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** Milliseconds since 1970 of a time, a date in UTC, or a duration before `now_ms`. Undefined for other text. */
export function parseTime(text: string, now_ms: number): number | undefined {
  const ago = TIME_AGO.read(text, "/");
  if (ago !== undefined) return now_ms - ago.value;
  const time = DATE_OR_TIME.test(text) ? Date.parse(text) : Number.NaN;
  // Date.parse accepts the 31st of any month.
  return Number.isNaN(time) || !isDay(text.slice(0, 10)) ? undefined : time;
}

function isDay(date: string): boolean {
  const time = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(date);
}
