import type { Text } from "./record.js";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The text itself, or what the bytes say as UTF-8, with U+FFFD for what is none. */
export function toText(text: Text): string {
  return typeof text === "string" ? text : decoder.decode(text);
}

/** The first `code_points_max` code points of a text; half of a surrogate pair counts as one. */
export function cutText(whole: Text, code_points_max: number): string {
  // A code point has four bytes at most, and one or two UTF-16 units.
  const text = toText(typeof whole === "string" ? whole : whole.subarray(0, 4 * code_points_max));
  if (text.length <= code_points_max) return text;
  let end = 0;
  for (let count = 0; count < code_points_max && end < text.length; count++) {
    end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  }
  return text.slice(0, end);
}
