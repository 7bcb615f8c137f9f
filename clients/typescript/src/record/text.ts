import { cutText as cutString } from "@sessionlog/protocol/text";
import type { Text } from "./record.js";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The text itself, or the text of UTF-8 bytes, with U+FFFD for what is not well-formed. */
export function toText(text: Text): string {
  return typeof text === "string" ? text : decoder.decode(text);
}

/** The first `code_points_max` code points of a text; half of a surrogate pair counts as one. */
export function cutText(text: Text, code_points_max: number): string {
  // A code point has at most four bytes.
  return cutString(toText(typeof text === "string" ? text : text.subarray(0, 4 * code_points_max)), code_points_max);
}
