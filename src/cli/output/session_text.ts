import { durationText } from "./session_line.js";
import { paint, type Style, type Terminal } from "./terminal.js";
import { oneLine, VERDICT_MARKS } from "./text.js";

/** A session as people read it; texts as they are in the row. */
export interface ShownSession {
  readonly session_id: string;
  readonly timestamp: string;
  readonly daemon: string;
  readonly kind: string;
  readonly model: string;
  readonly provider: string;
  readonly prompt: string;
  readonly final_verdict: string;
  readonly iterations: number;
  readonly max_iterations: number;
  readonly duration_ms: number;
  readonly attempts: readonly ShownAttempt[];
  /** Indented JSON; undefined when there is none. */
  readonly artifact: string | undefined;
  readonly grounded_in_roster: boolean | undefined;
  readonly link: string | undefined;
}

export interface ShownAttempt {
  readonly iteration: number;
  readonly verdict_kind: string;
  readonly error: string | undefined;
  readonly span_id: string | undefined;
}

/** Header, prompt, attempts with their reasons, artifact and stamp, as lines. */
export function sessionText(session: ShownSession, terminal: Terminal): string {
  const { model, provider, attempts, artifact, link, iterations, max_iterations } = session;
  const served = [model || "(no model)", ...(provider === "" ? [] : [`(${provider})`])].join(" ");
  const allowed = max_iterations === 0 ? "" : ` of ${max_iterations}`;
  const verdict = paint(terminal, session.final_verdict, session.final_verdict === "accepted" ? "green" : "red");
  const facts = [session.timestamp, session.kind, served, session.daemon, durationText(session.duration_ms)];
  const title = (text: string) => paint(terminal, text, "bold");
  return [
    `${title(session.session_id)}  ${verdict}, ${iterations}${allowed} attempts`,
    oneLine(facts.join("  ")),
    ...(link === undefined ? [] : [link]),
    "",
    title("prompt"),
    ...indented(session.prompt),
    "",
    title("attempts"),
    ...(attempts.length === 0 ? ["  not known"] : attempts.map((attempt) => attemptLine(attempt, terminal))),
    "",
    title("artifact"),
    ...(artifact === undefined ? ["  none"] : indented(artifact)),
    "",
    title("roster"),
    `  ${stampText(session, terminal)}`,
    "",
  ].join("\n");
}

function indented(text: string): readonly string[] {
  return text.split("\n").map((line) => `  ${oneLine(line)}`.trimEnd());
}

function attemptLine({ iteration, verdict_kind, error, span_id }: ShownAttempt, terminal: Terminal): string {
  const style: Style = verdict_kind === "accepted" ? "green" : "red";
  const mark = paint(terminal, VERDICT_MARKS[verdict_kind] ?? "?", style);
  const span = span_id === undefined ? "" : `  ${paint(terminal, oneLine(span_id), "dim")}`;
  return `  ${iteration} ${mark} ${oneLine(error ?? verdict_kind)}${span}`;
}

function stampText({ grounded_in_roster, final_verdict }: ShownSession, terminal: Terminal): string {
  if (grounded_in_roster === undefined) return final_verdict === "accepted" ? "not checked" : "nothing to check";
  return grounded_in_roster ? "everybody is on it" : paint(terminal, "somebody is not on it", "red");
}
