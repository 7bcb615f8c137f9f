/** Texts of numbers and times, the same in the browser and in the report: English, UTC. */

/** `1,234` */
export const count = (value: number): string => value.toLocaleString("en-US");

/** `2,000`, `340 k`, `1.25 M`: where there is room for seven characters. */
export function shortCount(value: number): string {
  if (value < 100_000) return count(value);
  return value < 1_000_000 ? `${Math.round(value / 1000)} k` : `${(value / 1_000_000).toFixed(2)} M`;
}

/** `73.1` of 0.731; `–` of a share of nothing. */
export const percent = (share: number, digits = 1): string =>
  Number.isFinite(share) ? (100 * share).toFixed(digits) : "–";

/** `+1.2`, `−4.8` with a real minus. */
export function signed(value: number, digits = 1): string {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : `+${text}`;
}

/** `939 ms`, `2.5 s`, `14 min` */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 100_000) return `${(ms / 1000).toFixed(1)} s`;
  return ms < 6_000_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}

/** `15 Nov` of a date or a time. */
export const dayText = (time: string): string =>
  parsed(time)?.toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" }) ?? time;

/** `15 Nov 23:52` */
export const minuteText = (time: string): string =>
  `${dayText(time)} ${parsed(time)?.toISOString().slice(11, 16) ?? ""}`;

/** `11-15 23:52:07`, as a list shows it. */
export const listTime = (time: string): string => `${time.slice(5, 10)} ${time.slice(11, 19)}`;

/** `2026-11-15 23:52:07 UTC` */
export const fullTime = (time: string): string => `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`;

/** `11 days` between two times: the largest unit of which there are two or more. */
export function agoText(time: string, now: string): string {
  const seconds = Math.max(0, (Date.parse(now) - Date.parse(time)) / 1000);
  if (!Number.isFinite(seconds)) return "unknown time";
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}

/** `1 session`, `2 sessions` */
export const counted = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;

function parsed(time: string): Date | undefined {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
