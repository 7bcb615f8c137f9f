/** A session as a daemon has it. The rules of the fields are in the API's .proto file. */
import type { sessionSchema } from "@sessionlog/protocol/gen/session_schema";

type Properties = (typeof sessionSchema)["properties"];

/** How a session ended: accepted, max_iter_exhausted or infra_error. */
export type FinalVerdict = Properties["final_verdict"]["enum"][number];

/** How an attempt ended: no_json, validation_failed, accepted or infra_error. */
export type VerdictKind = Properties["attempts"]["items"]["properties"]["verdict_kind"]["enum"][number];

/** An object of JSON values, of an interface or class too; no list, Map or Set. */
export type Artifact = Readonly<Record<string, unknown>> | (object & { readonly [Symbol.iterator]?: never });

/** Text, or UTF-8 as a model sent it; what is not well-formed is replaced by U+FFFD. */
export type Text = string | Uint8Array;

/** One session: one generate, validate, retry loop. */
export interface SessionRecordInput {
  /** What was generated, by default one of fill, email and playbook. */
  readonly kind: string;
  readonly final_verdict: FinalVerdict;
  /** Its first 4,000 code points are kept; a string of more than 16 Mi UTF-16 units is refused. */
  readonly prompt?: Text | undefined;
  readonly model?: string | undefined;
  readonly provider?: string | undefined;
  readonly iterations?: number | undefined;
  /** 0: unknown. */
  readonly max_iterations?: number | undefined;
  readonly attempts?: readonly SessionAttemptInput[] | undefined;
  /** What was accepted. Undefined properties are left out. */
  readonly artifact?: Artifact | undefined;
  /** Whether every person named in the artifact is on the roster; undefined when it was not checked. */
  readonly grounded_in_roster?: boolean | undefined;
  /** Fractions, such as a difference of `performance.now()` has, are dropped. */
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
  readonly verdict_kind: VerdictKind;
  /** Why it was refused; its first 4,000 code points are kept, as of a prompt. */
  readonly error?: Text | undefined;
  /** The attempt's span in the trace. */
  readonly span_id?: string | undefined;
}
