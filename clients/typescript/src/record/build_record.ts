/** The record of a session, from what a daemon has in hand at its end. */
import { sessionSchema } from "@sessionlog/protocol/gen/session_schema";
import { type ClientLog, tellLog } from "../delivery/diagnostics.js";
import { describeError } from "./encode_record.js";
import type { SessionAttemptInput, SessionRecordInput, Text } from "./record.js";
import { answeredAtOnce, type RosterCheck } from "./roster_check.js";
import { cutText } from "./text.js";

/** What was asked of the daemon. */
export interface IterateRequest {
  readonly kind: string;
  readonly prompt?: Text | undefined;
  readonly model?: string | undefined;
  readonly provider?: string | undefined;
  readonly max_iterations?: number | undefined;
  /** See `traceIdFromHeaders`. */
  readonly trace_id?: string | undefined;
}

/** How a session ended that ran out of attempts. */
export interface IterateFailure {
  readonly iterations: number;
  readonly history?: readonly SessionAttemptInput[] | undefined;
  readonly trace_id?: string | undefined;
}

/** How a session ended that was accepted. */
export interface IterateResponse extends IterateFailure {
  readonly artifact: object;
}

/** How the session ended. With a response it was accepted, also where there is a failure; with a failure it ran out of
 * attempts; with neither it met an infrastructure error, and `error` is its one attempt. */
export interface IterateOutcome {
  readonly response?: IterateResponse | undefined;
  readonly failure?: IterateFailure | undefined;
  /** An Error, or its text. */
  readonly error?: unknown;
}

export interface BuildOptions {
  readonly duration_ms?: number | undefined;
  /** Asked about the artifact of an accepted session. One that throws, or answers with a promise, is told to the log and
   * counts as unknown. */
  readonly rosterCheck?: RosterCheck | undefined;
  /** Standard error unless told. */
  readonly log?: Pick<ClientLog, "warn"> | undefined;
}

const PROMPT_CODE_POINTS = sessionSchema.properties.prompt.maxLength;
const INFRA_ERROR_CODE_POINTS = 800;

/** The record of a session that ended like this. Throws nothing. */
export function buildSessionRecord(
  request: IterateRequest,
  outcome?: IterateOutcome | null,
  options?: BuildOptions | null,
): SessionRecordInput {
  // A daemon without types may give nothing at all.
  const { kind, prompt = "", model, provider, max_iterations, trace_id } = request ?? {};
  const { response, failure, error } = outcome ?? {};
  const { duration_ms, rosterCheck, log = console } = options ?? {};
  const asked = { kind, prompt: cutPrompt(prompt), model, provider, max_iterations, duration_ms };
  const ended = response || failure;
  if (!ended) {
    return { ...asked, final_verdict: "infra_error", session_id: trace_id, attempts: infraAttempts(error) };
  }
  const { iterations, history: attempts } = ended;
  const session = { ...asked, iterations, attempts, session_id: trace_id || ended.trace_id };
  if (!response) return { ...session, final_verdict: "max_iter_exhausted" };
  const { artifact } = response;
  return { ...session, final_verdict: "accepted", artifact, grounded_in_roster: grounded(artifact, rosterCheck, log) };
}

/** A prompt that is no text is refused, and told, when the record is appended. */
function cutPrompt(prompt: Text): Text {
  const is_text = typeof prompt === "string" || prompt instanceof Uint8Array;
  return is_text ? cutText(prompt, PROMPT_CODE_POINTS) : prompt;
}

function infraAttempts(error: unknown): readonly SessionAttemptInput[] {
  if (error === undefined || error === null || error === "") return [];
  const text = messageOf(error) || describeError(error);
  return [{ iteration: 0, verdict_kind: "infra_error", error: cutText(text, INFRA_ERROR_CODE_POINTS) }];
}

/** What an Error says without its name; empty where that is no text. */
function messageOf(error: unknown): string {
  try {
    const message: unknown = error instanceof Error ? error.message : "";
    return typeof message === "string" ? message : "";
  } catch {
    // A getter of the daemon's own: the infrastructure's error is the matter, not this one.
    return "";
  }
}

function grounded(
  artifact: object,
  rosterCheck: RosterCheck | undefined,
  log: Pick<ClientLog, "warn">,
): boolean | undefined {
  try {
    const answer = answeredAtOnce(rosterCheck?.(artifact));
    return typeof answer === "boolean" ? answer : undefined;
  } catch (error) {
    tellLog(log, "warn", `the roster check failed, grounded_in_roster is left out: ${describeError(error)}`);
    return undefined;
  }
}
