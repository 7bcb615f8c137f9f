/** A record as it was sent → the fields of its row: empty ones stamped, long text cut, time and artifact printed. */

import {
  ARTIFACT_BYTES_MAX,
  ERROR_CODE_POINTS_MAX,
  PROMPT_CODE_POINTS_MAX,
  SCHEMA,
} from "@sessionlog/protocol/gen/limits";
import { cutText } from "@sessionlog/protocol/text";
import type { Timestamp } from "@sessionlog/protocol/timestamp";
import { printTimestamp } from "@sessionlog/protocol/timestamp";
import type { Stamps } from "../types.js";
import { type Artifact, printArtifact } from "./artifact_json.js";
import type { DecodedAttempt, DecodedRecord } from "./decode.js";

/** What is undefined is left out of the row. */
export interface RowAttempt {
  readonly iteration: number;
  readonly verdict_kind: string;
  readonly error: string | undefined;
  readonly span_id: string | undefined;
}

/** The fields of a row, by the row's names; not yet judged. What is undefined is left out. */
export interface RowFields {
  readonly schema: string;
  readonly session_id: string;
  readonly timestamp: string;
  readonly daemon: string;
  readonly kind: string;
  readonly model: string;
  readonly provider: string;
  readonly prompt: string;
  readonly iterations: number;
  readonly max_iterations: number;
  readonly final_verdict: string;
  readonly attempts: readonly RowAttempt[];
  readonly artifact: Artifact | undefined;
  readonly grounded_in_roster: boolean | undefined;
  readonly duration_ms: number;
}

export function normaliseRecord(record: DecodedRecord, timestamp: Timestamp, stamps: Stamps): RowFields {
  return {
    schema: record.schema || SCHEMA,
    session_id: record.session_id || stamps.session_id(),
    timestamp: printTimestamp(timestamp),
    daemon: record.daemon || stamps.daemon,
    kind: record.kind,
    model: record.model,
    provider: record.provider,
    prompt: cutText(record.prompt, PROMPT_CODE_POINTS_MAX),
    iterations: record.iterations,
    max_iterations: record.max_iterations,
    final_verdict: record.final_verdict,
    attempts: record.attempts.map(normaliseAttempt),
    artifact: record.artifact && printArtifact(record.artifact, ARTIFACT_BYTES_MAX),
    grounded_in_roster: record.grounded_in_roster,
    duration_ms: record.duration_ms,
  };
}

function normaliseAttempt(attempt: DecodedAttempt): RowAttempt {
  return {
    iteration: attempt.iteration,
    verdict_kind: attempt.verdict_kind,
    error: cutText(attempt.error, ERROR_CODE_POINTS_MAX) || undefined,
    span_id: attempt.span_id || undefined,
  };
}
