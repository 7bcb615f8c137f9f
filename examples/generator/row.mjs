// The canonical form of a row: keys in the order of the record's fields, the artifact's keys sorted, empty texts left out.

/** @param {object} session  as made by sessions.mjs  @returns {string} one line without its \n */
export function rowOf(session) {
  const { artifact, grounded_in_roster } = session;
  return JSON.stringify({
    schema: "session.iterate.v1",
    session_id: session.session_id,
    timestamp: session.timestamp,
    daemon: session.daemon,
    kind: session.kind,
    model: session.model,
    provider: session.provider,
    prompt: session.prompt,
    iterations: session.attempts.length,
    max_iterations: session.max_iterations,
    final_verdict: session.final_verdict,
    attempts: session.attempts.map(({ iteration, verdict_kind, error, span_id }) => ({
      iteration,
      verdict_kind,
      ...(error ? { error } : {}),
      ...(span_id ? { span_id } : {}),
    })),
    ...(artifact === undefined ? {} : { artifact: sorted(artifact) }),
    ...(grounded_in_roster === undefined ? {} : { grounded_in_roster }),
    duration_ms: session.duration_ms,
  });
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}

/**
 * @param {number} unix_ms
 * @param {number} nanos  within the second; the milliseconds of unix_ms are not looked at
 * @returns {string} RFC 3339 in UTC, nanoseconds without trailing zeros
 */
export function timestampText(unix_ms, nanos) {
  const seconds = new Date(unix_ms).toISOString().slice(0, 19);
  const fraction = String(nanos).padStart(9, "0").replace(/0+$/, "");
  return fraction === "" ? `${seconds}Z` : `${seconds}.${fraction}Z`;
}
