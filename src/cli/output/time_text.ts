const UNITS = [
  ["days", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
] as const;

/** `2026-11-15T23:52Z` */
export function minuteText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16)}Z`;
}

/** `11 days ago`; under two of a unit, the smaller one: `36 h ago`. */
export function agoText(ms: number, now_ms: number): string {
  const age_ms = now_ms - ms;
  if (age_ms < 0) return "in the future";
  const [unit, size] = UNITS.find(([, size]) => age_ms >= 2 * size) ?? ["s", 1000];
  return `${Math.floor(age_ms / size)} ${unit} ago`;
}
