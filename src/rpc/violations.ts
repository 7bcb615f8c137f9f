import { Rejection } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { cutText } from "@sessionlog/protocol/text";
import type { Violation } from "../record/index.js";

/** Bounds of one violation, so that one alone cannot fill a response. Paths and descriptions are shorter by far. */
const FIELD_CODE_POINTS_MAX = 256;
const DESCRIPTION_CODE_POINTS_MAX = 512;

export interface Listed {
  /** The first violations, as many as fit. */
  readonly violations: readonly Violation[];
  /** What they take in a message. */
  readonly bytes: number;
}

/** As many of the violations, from the first on, as fit into `bytes_max` of an encoded message. */
export function listViolations(violations: readonly Violation[], bytes_max: number): Listed {
  const listed: Violation[] = [];
  let bytes = 0;
  for (const violation of violations) {
    const bounded = boundViolation(violation);
    const size = encodedBytes(bounded);
    if (bytes + size > bytes_max) break;
    listed.push(bounded);
    bytes += size;
  }
  return { violations: listed, bytes };
}

/** The text's first code points, with an ellipsis in place of what is cut off. */
export function shorten(text: string, code_points_max: number): string {
  return cutText(text, code_points_max) === text ? text : `${cutText(text, code_points_max - 1)}…`;
}

function boundViolation({ field, description, reason }: Violation): Violation {
  return {
    field: shorten(field, FIELD_CODE_POINTS_MAX),
    description: shorten(description, DESCRIPTION_CODE_POINTS_MAX),
    reason,
  };
}

/** What one violation takes as a repeated field; google.rpc.BadRequest has the same three strings under the same numbers. */
function encodedBytes(violation: Violation): number {
  return Rejection.encode({ violations: [violation], violation_count: 0 }).finish().length;
}
