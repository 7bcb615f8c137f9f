/** A session while it runs: what the daemon calls during its loop becomes one record at the end. */
import { randomBytes } from "node:crypto";
import { ATTEMPTS_MAX } from "@sessionlog/protocol/gen/limits";
import { errorText } from "./errors.js";
import {
  ATTEMPT_ERROR_CODE_POINTS_MAX,
  buildEndedRecord,
  createReader,
  type IterateRequest,
} from "./record/build_record.js";
import type { CurrentSpan } from "./record/current_span.js";
import type { Artifact, FinalVerdict, SessionAttemptInput, SessionRecordInput, VerdictKind } from "./record/record.js";
import type { RosterCheck } from "./record/roster_check.js";

/** What a session is asked to do. */
export interface SessionRequest extends IterateRequest {
  /** Called at the end with the artifact of an accepted session; see `rosterCheckFor`. */
  readonly rosterCheck?: RosterCheck | undefined;
}

/**
 * One generate, validate, retry loop. Its record is appended once, at its end: accepted when `accept` was called,
 * infra_error when the last thing reported is that the model could not be used, else max_iter_exhausted, also when the
 * loop ends before `max_iterations`. Calls after the end, or after `accept`, do nothing. Nothing here throws.
 */
export interface Session {
  /** The request's trace id, else that of the active span, else a random one; empty when the logger is disabled. */
  readonly session_id: string;
  /** 0, 1, … `max_iterations` − 1, until the session is accepted or ended; 1,000 without `max_iterations`. */
  attempts(): Iterable<number>;
  /** The model's answer is not JSON. */
  noJson(error?: unknown): void;
  /** The model's answer is JSON, and not what was asked for. */
  validationFailed(error?: unknown): void;
  /** The artifact is accepted. Returns it. It is read at the end of the session. */
  accept<A extends Artifact>(artifact: A): A;
  /** Accepts what `check` makes of the model's answer, and returns it. An answer that is not JSON, or for which `check`
   * throws, is refused: undefined. */
  acceptJson<A extends Artifact & { readonly then?: never }>(
    answer: string,
    check: (value: unknown) => A,
  ): A | undefined;
  /** The model could not be used. Another attempt may follow. */
  fail(error?: unknown): void;
  /** Ends the session, with what was thrown if there was something. */
  end(error?: unknown): void;
  /** Ends the session for `using`, which does not pass on what was thrown: without `accept` and with attempts left, it
   * is recorded as infra_error. */
  [Symbol.dispose](): void;
}

export interface SessionParts {
  append(record: SessionRecordInput): void;
  warn(message: string): void;
  monotonic_ms(): number;
  currentSpan(): CurrentSpan;
}

/** Begins a session, whose record is passed to `append` at its end. */
export function startSession(
  request: SessionRequest,
  { append, warn, monotonic_ms, currentSpan }: SessionParts,
): Session {
  const began_ms = monotonic_ms();
  const read = createReader(warn);
  const max_iterations = read(request, "max_iterations");
  const session_id = read(request, "trace_id") || currentSpan().trace_id || randomBytes(16).toString("hex");
  const attempts: SessionAttemptInput[] = [];
  let iteration = 0;
  let answered = 0;
  let accepted: { readonly artifact: Artifact } | undefined;
  let ended = false;

  function add(verdict_kind: VerdictKind, error: unknown): void {
    if (ended || accepted !== undefined) return;
    // A loop that never ends keeps its first attempts and the last one.
    if (attempts.length === ATTEMPTS_MAX) attempts.pop();
    const text = error === undefined || error === null ? "" : errorText(error, ATTEMPT_ERROR_CODE_POINTS_MAX);
    attempts.push({ iteration: iteration++, verdict_kind, error: text, span_id: currentSpan().span_id });
    if (verdict_kind !== "infra_error") answered++;
  }

  function verdict(): FinalVerdict {
    if (accepted !== undefined) return "accepted";
    return attempts.at(-1)?.verdict_kind === "infra_error" ? "infra_error" : "max_iter_exhausted";
  }

  function end(error: unknown): void {
    if (ended) return;
    // A failure that was reported and is thrown on is one attempt.
    if (error !== undefined && error !== null && verdict() !== "infra_error") add("infra_error", error);
    ended = true;
    const final_verdict = verdict();
    const iterations = Math.min(answered, ATTEMPTS_MAX);
    const outcome = { final_verdict, iterations, attempts, session_id, artifact: accepted?.artifact };
    const duration_ms = monotonic_ms() - began_ms;
    append(buildEndedRecord(request, outcome, { duration_ms, rosterCheck: read(request, "rosterCheck") }, warn));
  }

  const session: Session = {
    session_id,
    attempts: () => countAttempts(max_iterations, () => ended || accepted !== undefined),
    noJson: (error) => add("no_json", error),
    validationFailed: (error) => add("validation_failed", error),
    accept(artifact) {
      if (accepted !== undefined && !ended) warn("accept was called twice in a session; the first artifact counts");
      add("accepted", undefined);
      accepted ??= { artifact };
      return artifact;
    },
    fail: (error) => add("infra_error", error),
    end,
    [Symbol.dispose]() {
      end(answered < (max_iterations || 1) ? "the session was left before its end" : undefined);
    },
    acceptJson: (answer, check) => acceptJson(session, answer, check),
  };
  return session;
}

function acceptJson<A extends Artifact>(
  session: Pick<Session, "noJson" | "validationFailed" | "accept">,
  answer: string,
  check: (value: unknown) => A,
): A | undefined {
  let value: unknown;
  try {
    value = JSON.parse(answer);
  } catch (error) {
    session.noJson(error);
    return undefined;
  }
  let artifact: A;
  try {
    artifact = check(value);
  } catch (error) {
    session.validationFailed(error);
    return undefined;
  }
  return session.accept(artifact);
}

/** A session of a disabled logger: nothing is recorded. */
export function startUnrecordedSession(request: SessionRequest): Session {
  let over = false;
  const end = () => {
    over = true;
  };
  const ignore = () => undefined;
  const session: Session = {
    session_id: "",
    attempts: () => countAttempts(createReader(ignore)(request, "max_iterations"), () => over),
    noJson: ignore,
    validationFailed: ignore,
    accept(artifact) {
      over = true;
      return artifact;
    },
    fail: ignore,
    end,
    [Symbol.dispose]: end,
    acceptJson: (answer, check) => acceptJson(session, answer, check),
  };
  return session;
}

function* countAttempts(max_iterations: number | undefined, isOver: () => boolean): Generator<number> {
  const attempts_max = max_iterations || ATTEMPTS_MAX;
  for (let attempt = 0; attempt < attempts_max && !isOver(); attempt++) yield attempt;
}

/**
 * Runs `work` in a session and ends it. What `work` throws is an infrastructure error, and is thrown on, unchanged.
 * Returns what `work` returns.
 */
export async function runSession<Result>(
  session: Session,
  work: (session: Session) => Result | Promise<Result>,
): Promise<Result> {
  try {
    const result = await work(session);
    session.end();
    return result;
  } catch (error) {
    session.end(error ?? `${error} was thrown`);
    throw error;
  }
}
