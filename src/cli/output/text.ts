/** An attempt by its verdict_kind, where there is no room for words. */
export const VERDICT_MARKS: Readonly<Record<string, string>> = {
  accepted: "✓",
  validation_failed: "✗",
  no_json: "∅",
  infra_error: "!",
};

/** Text on one line, with what a terminal would obey or hide escaped. */
export function oneLine(text: string): string {
  return escapeControls(text, "");
}

/** C0, DEL, C1, ends of lines and what changes the direction of text. */
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** The text with its control characters escaped as in JSON, but for those of `kept`. */
export function escapeControls(text: string, kept: string): string {
  return text.replace(CONTROLS, (char) => (kept.includes(char) ? char : escaped(char)));
}

/** As JSON escapes it; what JSON leaves unescaped, by its number. */
function escaped(char: string): string {
  const text = JSON.stringify(char).slice(1, -1);
  return text === char ? `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}` : text;
}
