/** The record of a session, from what a daemon has at its end. */
import { PROMPT_CODE_POINTS_MAX } from "@sessionlog/protocol/gen/limits";
import { type ClientLog, writeLog } from "../client_log.js";
import { describeError, errorText } from "../errors.js";
import type { Artifact, SessionAttemptInput, SessionRecordInput, Text } from "./record.js";
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
  readonly artifact: Artifact;
}

/** How the session ended. With a response it was accepted, also where there is a failure; with a failure it ran out of
 * attempts; with neither it met an infrastructure error, and `error` is the last of its attempts. */
export interface IterateOutcome {
  readonly response?: IterateResponse | undefined;
  readonly failure?: IterateFailure | undefined;
  /** An Error, whose causes are recorded with it, or its text. */
  readonly error?: unknown;
  /** The attempts before the infrastructure error. */
  readonly history?: readonly SessionAttemptInput[] | undefined;
}

export interface BuildOptions {
  readonly duration_ms?: number | undefined;
  /** Called with the artifact of an accepted session. One that throws, or returns a promise, is logged and counts as
   * unknown. */
  readonly rosterCheck?: RosterCheck | undefined;
  /** Standard error by default. */
  readonly log?: Pick<ClientLog, "warn"> | undefined;
}

/** The most of an error that is kept of an attempt. */
export const ATTEMPT_ERROR_CODE_POINTS_MAX = 800;

/** The record of a session that ended like this. Throws nothing: what cannot be read is left out and logged. */
export function buildSessionRecord(
  request: IterateRequest,
  outcome?: IterateOutcome | null,
  options?: BuildOptions | null,
): SessionRecordInput {
  const warn = createWarn(options);
  const read = createReader(warn);
  const response = read(outcome, "response");
  const ended = response || read(outcome, "failure");
  if (!ended) {
    const history = safely(warn, "history cannot be read and is left out", () => [...(outcome?.history ?? [])]) ?? [];
    const iterations = history.filter((attempt) => read(attempt, "verdict_kind") !== "infra_error").length;
    const attempts = [...history, ...infraAttempts(read(outcome, "error"), read(history.at(-1), "iteration"))];
    return buildEndedRecord(request, { final_verdict: "infra_error", iterations, attempts }, options, warn);
  }
  const session: EndedSession = {
    final_verdict: response ? "accepted" : "max_iter_exhausted",
    iterations: read(ended, "iterations"),
    attempts: read(ended, "history"),
    artifact: read(response, "artifact"),
    session_id: read(request, "trace_id") || read(ended, "trace_id"),
  };
  return buildEndedRecord(request, session, options, warn);
}

export interface EndedSession
  extends Pick<SessionRecordInput, "final_verdict" | "iterations" | "attempts" | "artifact"> {
  /** Empty: the request's. */
  readonly session_id?: string | undefined;
}

/** The record of a session whose attempts are known. Throws nothing, as `buildSessionRecord`. */
export function buildEndedRecord(
  request: IterateRequest,
  ended: EndedSession,
  options: BuildOptions | null | undefined,
  warn: Warn,
): SessionRecordInput {
  const read = createReader(warn);
  const session_id = ended.session_id || read(request, "trace_id");
  const record = {
    kind: read(request, "kind") ?? "",
    prompt: safely(warn, "prompt cannot be read and is left out", () => cutPrompt(request?.prompt ?? "")),
    model: read(request, "model"),
    provider: read(request, "provider"),
    max_iterations: read(request, "max_iterations"),
    duration_ms: read(options, "duration_ms"),
    ...ended,
    session_id,
  };
  const { artifact } = ended;
  if (!artifact) return record;
  const rosterCheck = read(options, "rosterCheck");
  const check = () => grounded(artifact, rosterCheck);
  const grounded_in_roster = safely(warn, "the roster check failed, grounded_in_roster is left out", check);
  return { ...record, grounded_in_roster };
}

/** Gets what is left out, and why. */
type Warn = (message: string) => void;

function createWarn(options: BuildOptions | null | undefined): Warn {
  const warn = (message: string) => writeLog(console, "warn", message);
  const log = safely(warn, "log cannot be read and is left out", () => options?.log) ?? console;
  return (message) => writeLog(log, "warn", message);
}

/** Reads properties: callers without types may pass anything, and their getters may throw. */
export function createReader(warn: Warn) {
  return <T extends object, K extends keyof T & string>(source: T | null | undefined, name: K) =>
    safely(warn, `${name} cannot be read and is left out`, () => source?.[name]);
}

/** The result of `work`, which may be code of the caller; undefined, and reported, when it throws. */
function safely<T>(warn: Warn, problem: string, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    warn(`${problem}: ${describeError(error)}`);
    return undefined;
  }
}

/** A prompt that is not a text is refused, and reported, when the record is appended. */
function cutPrompt(prompt: Text): Text {
  const is_text = typeof prompt === "string" || prompt instanceof Uint8Array;
  return is_text ? cutText(prompt, PROMPT_CODE_POINTS_MAX) : prompt;
}

/** The attempt that an infrastructure error was, after those of the history; none without an error. */
function infraAttempts(error: unknown, last_iteration: number | undefined): readonly SessionAttemptInput[] {
  if (error === undefined || error === null || error === "") return [];
  const iteration = last_iteration === undefined ? 0 : last_iteration + 1;
  return [{ iteration, verdict_kind: "infra_error", error: errorText(error, ATTEMPT_ERROR_CODE_POINTS_MAX) }];
}

function grounded(artifact: Artifact, rosterCheck: RosterCheck | undefined): boolean | undefined {
  const answer = answeredAtOnce(rosterCheck?.(artifact));
  return typeof answer === "boolean" ? answer : undefined;
}
