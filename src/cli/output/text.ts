/** An attempt by its verdict_kind, where there is no room for words. */
export const VERDICT_MARKS: Readonly<Record<string, string>> = {
  accepted: "✓",
  validation_failed: "✗",
  no_json: "∅",
  infra_error: "!",
};

/** Text on one line, with what a terminal would obey or hide escaped. */
export function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, escaped);
}

/** As JSON escapes it; what JSON leaves unescaped, by its number. */
function escaped(char: string): string {
  const text = JSON.stringify(char).slice(1, -1);
  return text === char ? `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}` : text;
}
