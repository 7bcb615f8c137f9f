import { cutText, TEXT_LENGTH_MAX } from "./record/text.js";

const ERROR_TEXT_CODE_POINTS_MAX = 1_000;

/** The name and message of an error, or the text of whatever was thrown. */
export function describeError(error: unknown): string {
  try {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : `${error}`;
    if (text.length > TEXT_LENGTH_MAX) return "an error whose message is too long";
    return cutText(text, ERROR_TEXT_CODE_POINTS_MAX);
  } catch {
    // An error whose own message throws must not hide what happened.
    return "an error without a message";
  }
}
