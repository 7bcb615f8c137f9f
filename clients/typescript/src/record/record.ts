/** A session as daemons state it. The fields' rules are told in the API's .proto file. */

/** Text, or the UTF-8 that a model sent; what is not well-formed in either is repaired with U+FFFD. */
export type Text = string | Uint8Array;

/** One session: one generate, validate, retry loop. The generated `SessionRecord` is one, too. */
export interface SessionRecordInput {
  /** What was generated, by default one of fill, email and playbook. */
  readonly kind: string;
  /** accepted, max_iter_exhausted or infra_error. */
  readonly final_verdict: string;
  /** Its first 4,000 code points are kept. */
  readonly prompt?: Text | undefined;
  readonly model?: string | undefined;
  readonly provider?: string | undefined;
  readonly iterations?: number | undefined;
  /** 0: not said. */
  readonly max_iterations?: number | undefined;
  readonly attempts?: readonly SessionAttemptInput[] | undefined;
  /** What was accepted: an object of what JSON can say. Properties that are undefined are left out. */
  readonly artifact?: object | undefined;
  /** Whether every person named in the artifact is on the roster; undefined when nobody checked. */
  readonly grounded_in_roster?: boolean | undefined;
  /** Of a fraction, such as a difference of `performance.now()`, the whole part. */
  readonly duration_ms?: number | bigint | undefined;
  /** The trace id; empty: 32 random hex digits. */
  readonly session_id?: string | undefined;
  /** When the session ended; undefined: now. */
  readonly timestamp?: Date | { readonly seconds: number; readonly nanos: number } | undefined;
  /** Empty: the logger's. */
  readonly daemon?: string | undefined;
  /** Empty: the service stamps it. */
  readonly schema?: string | undefined;
}

/** One attempt within a session. */
export interface SessionAttemptInput {
  /** 0 or more, strictly rising within the session. */
  readonly iteration: number;
  /** no_json, validation_failed, accepted or infra_error. */
  readonly verdict_kind: string;
  /** Why it was refused; its first 4,000 code points are kept. */
  readonly error?: Text | undefined;
  /** The attempt's span in the trace. */
  readonly span_id?: string | undefined;
}
