import { literal } from "./literal.js";

/** Which sessions are read; undefined or an empty list for all. */
export interface SessionFilter {
  /** Milliseconds since 1970, inclusive. */
  readonly since_ms: number | undefined;
  /** Milliseconds since 1970, exclusive. */
  readonly until_ms: number | undefined;
  readonly kinds: readonly string[];
  readonly daemons: readonly string[];
  readonly models: readonly string[];
  readonly providers: readonly string[];
  readonly verdicts: readonly string[];
}

export const EVERY_SESSION: SessionFilter = {
  since_ms: undefined,
  until_ms: undefined,
  kinds: [],
  daemons: [],
  models: [],
  providers: [],
  verdicts: [],
};

/** The filter as a condition on the view `sessions`; undefined for all sessions. */
export function filterCondition(filter: SessionFilter): string | undefined {
  const { since_ms, until_ms } = filter;
  const conditions = [
    // A row whose time cannot be used, such as 23:59:60Z, may be of any time.
    ...(since_ms === undefined ? [] : [`(timestamp >= ${instant(since_ms)} OR timestamp IS NULL)`]),
    ...(until_ms === undefined ? [] : [`(timestamp < ${instant(until_ms)} OR timestamp IS NULL)`]),
    ...oneOf("kind", filter.kinds),
    ...oneOf("daemon", filter.daemons),
    ...oneOf("model", filter.models),
    ...oneOf("provider", filter.providers),
    ...oneOf("final_verdict", filter.verdicts),
  ];
  return conditions.length === 0 ? undefined : conditions.join(" AND ");
}

function instant(ms: number): string {
  return `TIMESTAMPTZ ${literal(new Date(ms).toISOString())}`;
}

function oneOf(column: string, values: readonly string[]): readonly string[] {
  return values.length === 0 ? [] : [`${column} IN (${values.map(literal).join(", ")})`];
}
