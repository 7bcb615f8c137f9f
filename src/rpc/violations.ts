import type { Violation } from "../record/index.js";

/** Bounds of one violation, so that one alone cannot fill a response. Paths and descriptions are shorter by far. */
const FIELD_CHARACTERS = 256;
const DESCRIPTION_CHARACTERS = 512;

export interface Listed {
  /** The first violations, as many as fit. */
  readonly violations: readonly Violation[];
  /** What they take in a message. */
  readonly bytes: number;
}

/** As many of the violations, from the first on, as fit into `max_bytes` of an encoded message. */
export function listViolations(violations: readonly Violation[], max_bytes: number): Listed {
  const listed: Violation[] = [];
  let bytes = 0;
  for (const violation of violations) {
    const bounded = boundViolation(violation);
    const size = encodedBytes(bounded);
    if (bytes + size > max_bytes) break;
    listed.push(bounded);
    bytes += size;
  }
  return { violations: listed, bytes };
}

/** The text's first code points, with an ellipsis in place of what is cut off. */
export function cutText(text: string, max_characters: number): string {
  if (text.length <= max_characters) return text;
  const characters = [...text];
  return characters.length <= max_characters ? text : `${characters.slice(0, max_characters - 1).join("")}…`;
}

function boundViolation(violation: Violation): Violation {
  const { field, description, reason } = violation;
  if (field.length <= FIELD_CHARACTERS && description.length <= DESCRIPTION_CHARACTERS) return violation;
  return { field: cutText(field, FIELD_CHARACTERS), description: cutText(description, DESCRIPTION_CHARACTERS), reason };
}

/** What one violation takes as a repeated field: google.rpc.BadRequest.FieldViolation and sessionlog.v1.Violation have
 * the same three strings under the same numbers 1 to 3. */
function encodedBytes({ field, description, reason }: Violation): number {
  const content = stringBytes(field) + stringBytes(description) + stringBytes(reason);
  return 1 + lengthBytes(content) + content;
}

function stringBytes(text: string): number {
  const length = Buffer.byteLength(text);
  return length === 0 ? 0 : 1 + lengthBytes(length) + length;
}

/** The size of a length as a varint; all lengths here are below 2^21. */
function lengthBytes(length: number): number {
  if (length < 0x80) return 1;
  return length < 0x4000 ? 2 : 3;
}
