/** A record as it was sent → the fields of its row: empty ones stamped, long text cut, time and artifact printed. */

import {
  ARTIFACT_BYTES_MAX,
  ERROR_CODE_POINTS_MAX,
  PROMPT_CODE_POINTS_MAX,
  SCHEMA,
} from "@sessionlog/protocol/gen/limits";
import type { SessionAttempt } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { cutText } from "@sessionlog/protocol/text";
import { printTimestamp, type Timestamp } from "@sessionlog/protocol/timestamp";
import type { Stamps } from "../types.js";
import { type Artifact, printArtifact } from "./artifact_json.js";
import type { DecodedRecord } from "./decode.js";

/** An attempt as the row has it; what is undefined is left out. */
export interface RowAttempt {
  readonly iteration: number;
  readonly verdict_kind: string;
  readonly error: string | undefined;
  readonly span_id: string | undefined;
}

/** The fields of a row, not yet checked; what is undefined is left out. */
export interface RowFields extends Readonly<Omit<DecodedRecord, "timestamp" | "attempts" | "artifact">> {
  readonly timestamp: string;
  readonly attempts: readonly RowAttempt[];
  readonly artifact: Artifact | undefined;
}

export function normaliseRecord(record: DecodedRecord, timestamp: Timestamp, stamps: Stamps): RowFields {
  return {
    ...record,
    schema: record.schema || SCHEMA,
    session_id: record.session_id || stamps.session_id(),
    timestamp: printTimestamp(timestamp),
    daemon: record.daemon || stamps.daemon,
    prompt: cutText(record.prompt, PROMPT_CODE_POINTS_MAX),
    attempts: record.attempts.map(normaliseAttempt),
    artifact: record.artifact && printArtifact(record.artifact, ARTIFACT_BYTES_MAX),
  };
}

function normaliseAttempt({ iteration, verdict_kind, error, span_id }: SessionAttempt): RowAttempt {
  const cut = cutText(error, ERROR_CODE_POINTS_MAX);
  return { iteration, verdict_kind, error: cut || undefined, span_id: span_id || undefined };
}
