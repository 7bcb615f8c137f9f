import { cutText as cutString } from "@sessionlog/protocol/text";
import type { Text } from "./record.js";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The text itself, or the text of UTF-8 bytes, with U+FFFD for what is not well-formed. */
export function toText(text: Text): string {
  return typeof text === "string" ? text : decoder.decode(text);
}

/** A longer string is not read: V8 would first copy what was joined, up to 1 GB, on the caller's thread. */
export const TEXT_LENGTH_MAX = 16 * 1024 * 1024;

/** The first `code_points_max` code points of a text; half of a surrogate pair counts as one. A string beyond
 * TEXT_LENGTH_MAX is returned whole, to be refused. */
export function cutText(text: Text, code_points_max: number): string {
  // A code point has at most four bytes.
  if (typeof text !== "string") return cutString(toText(text.subarray(0, 4 * code_points_max)), code_points_max);
  return text.length > TEXT_LENGTH_MAX ? text : cutString(text, code_points_max);
}
