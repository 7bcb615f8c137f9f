import { type Fields, numberOf, textOf, textOrNull } from "../answers/ask.js";
import { verdictOf } from "../answers/session_lines.js";
import type { SessionLine } from "../api.js";

const ATTEMPTS_MAX = 40;
const REFUSAL_MAX = 200;
const LETTERS: Readonly<Record<string, string>> = {
  validation_failed: "v",
  no_json: "n",
  accepted: "a",
  infra_error: "i",
};

/**
 * A row in a list, as the queries make it.
 *
 * @param row one line of JSON
 * @throws SyntaxError when it is none
 */
export function sessionLineOf(row: string, sequence: number): SessionLine {
  const fields: Fields = Object(JSON.parse(row));
  const list: readonly unknown[] = Array.isArray(fields.attempts) ? fields.attempts : [];
  const attempts: readonly Fields[] = list.map(Object);
  const refused = attempts.findLast(({ verdict_kind, error }) => verdict_kind !== "accepted" && textOf(error) !== "");
  return {
    sequence,
    session_id: textOf(fields.session_id),
    timestamp: textOrNull(fields.timestamp),
    daemon: textOf(fields.daemon),
    kind: textOf(fields.kind),
    model: textOf(fields.model),
    provider: textOf(fields.provider),
    verdict: verdictOf(fields.final_verdict),
    iterations: numberOf(fields.iterations),
    max_iterations: numberOf(fields.max_iterations),
    attempts: attempts
      .slice(-ATTEMPTS_MAX)
      .map(({ verdict_kind }) => LETTERS[textOf(verdict_kind)] ?? "?")
      .join(""),
    attempt_count: attempts.length,
    refusal: refused === undefined ? null : [...textOf(refused.error)].slice(0, REFUSAL_MAX).join(""),
    grounded: typeof fields.grounded_in_roster === "boolean" ? fields.grounded_in_roster : null,
    duration_ms: numberOf(fields.duration_ms),
  };
}
