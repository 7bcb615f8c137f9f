/** What JSON.stringify may have to escape. */
const NEEDS_ESCAPE = /["\\\u0000-\u001f\ud800-\udfff]/;
/** Beyond this length JSON.stringify is faster than a check before it. */
const CHECK_LENGTH_MAX = 1000;

/**
 * The first `code_points_max` code points of a text.
 *
 * A surrogate pair is never split: DuckDB cannot read a file that has half of one.
 */
export function cutText(text: string, code_points_max: number): string {
  // A code point has one or two UTF-16 units.
  if (text.length <= code_points_max) return text;
  let end = 0;
  for (let count = 0; count < code_points_max && end < text.length; count++) {
    end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  }
  return text.slice(0, end);
}

export function countCodePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** A text as JSON, exactly as JSON.stringify prints it. */
export function quoteText(text: string): string {
  return text.length > CHECK_LENGTH_MAX || NEEDS_ESCAPE.test(text) ? JSON.stringify(text) : `"${text}"`;
}
