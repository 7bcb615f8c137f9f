import { duration } from "../../config/values.js";

/** What `parseInstant` takes, so that "expected …" reads well. */
export const instantExpected =
  'how long ago, such as "7d" or "12h", or a date or time such as 2026-05-02 or 2026-05-02T05:22:09Z';

const longAgo = duration("1ms", "36500d");
const dateOrTime = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** Milliseconds since 1970 of a time, or of so long before `now_ms`; dates begin in UTC. Undefined when the text is neither. */
export function parseInstant(text: string, now_ms: number): number | undefined {
  const ago = longAgo.read(text, "/");
  if (ago !== undefined) return now_ms - ago.value;
  const time = dateOrTime.test(text) ? Date.parse(text) : Number.NaN;
  // Date.parse takes the 31st of any month.
  return Number.isNaN(time) || !isDay(text.slice(0, 10)) ? undefined : time;
}

function isDay(date: string): boolean {
  const time = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(date);
}
