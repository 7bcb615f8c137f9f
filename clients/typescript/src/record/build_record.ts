/** The record of a session, from what a daemon has at its end. */
import { PROMPT_CODE_POINTS_MAX } from "@sessionlog/protocol/gen/limits";
import { type ClientLog, writeLog } from "../client_log.js";
import { describeError } from "../errors.js";
import type { SessionAttemptInput, SessionRecordInput, Text } from "./record.js";
import { answeredAtOnce, type RosterCheck } from "./roster_check.js";
import { cutText } from "./text.js";

/** The request to the daemon. */
export interface IterateRequest
  extends Pick<SessionRecordInput, "kind" | "prompt" | "model" | "provider" | "max_iterations"> {
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
  /** Called with the artifact of an accepted session. One that throws, or returns a promise, is logged and counts as
   * unknown. */
  readonly rosterCheck?: RosterCheck | undefined;
  /** Standard error by default. */
  readonly log?: Pick<ClientLog, "warn"> | undefined;
}

const INFRA_ERROR_CODE_POINTS_MAX = 800;

/** The record of a session that ended like this. Throws nothing: what cannot be read is left out and logged. */
export function buildSessionRecord(
  request: IterateRequest,
  outcome?: IterateOutcome | null,
  options?: BuildOptions | null,
): SessionRecordInput {
  const log = safely(console, "log cannot be read and is left out", () => options?.log) ?? console;
  /** Callers without types may pass anything, and their getters may throw. */
  const read = <T extends object, K extends keyof T & string>(source: T | null | undefined, name: K) =>
    safely(log, `${name} cannot be read and is left out`, () => source?.[name]);
  const trace_id = read(request, "trace_id");
  const asked = {
    kind: read(request, "kind") ?? "",
    prompt: safely(log, "prompt cannot be read and is left out", () => cutPrompt(request?.prompt ?? "")),
    model: read(request, "model"),
    provider: read(request, "provider"),
    max_iterations: read(request, "max_iterations"),
    duration_ms: read(options, "duration_ms"),
  };
  const response = read(outcome, "response");
  const ended = response || read(outcome, "failure");
  if (!ended) {
    const attempts = infraAttempts(read(outcome, "error"));
    return { ...asked, final_verdict: "infra_error", session_id: trace_id, attempts };
  }
  const session_id = trace_id || read(ended, "trace_id");
  const session = { ...asked, iterations: read(ended, "iterations"), attempts: read(ended, "history"), session_id };
  if (!response) return { ...session, final_verdict: "max_iter_exhausted" };
  const artifact = read(response, "artifact");
  const rosterCheck = read(options, "rosterCheck");
  const grounded_in_roster =
    artifact &&
    safely(log, "the roster check failed, grounded_in_roster is left out", () => grounded(artifact, rosterCheck));
  return { ...session, final_verdict: "accepted", artifact, grounded_in_roster };
}

/** The result of `work`, which may be code of the caller; undefined, and logged, when it throws. */
function safely<T>(log: Pick<ClientLog, "warn">, problem: string, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    writeLog(log, "warn", `${problem}: ${describeError(error)}`);
    return undefined;
  }
}

/** A prompt that is not a text is refused, and reported, when the record is appended. */
function cutPrompt(prompt: Text): Text {
  const is_text = typeof prompt === "string" || prompt instanceof Uint8Array;
  return is_text ? cutText(prompt, PROMPT_CODE_POINTS_MAX) : prompt;
}

function infraAttempts(error: unknown): readonly SessionAttemptInput[] {
  if (error === undefined || error === null || error === "") return [];
  const text = messageOf(error) || describeError(error);
  return [{ iteration: 0, verdict_kind: "infra_error", error: cutText(text, INFRA_ERROR_CODE_POINTS_MAX) }];
}

/** The message of an Error; empty where it is not text. */
function messageOf(error: unknown): string {
  try {
    const message: unknown = error instanceof Error ? error.message : "";
    return typeof message === "string" ? message : "";
  } catch {
    // A getter of the daemon's own; describeError reports such an error by another text.
    return "";
  }
}

function grounded(artifact: object, rosterCheck: RosterCheck | undefined): boolean | undefined {
  const answer = answeredAtOnce(rosterCheck?.(artifact));
  return typeof answer === "boolean" ? answer : undefined;
}
