/** version "-" trace-id "-" parent-id "-" flags, and more after another "-" from version 01 on.
 * https://www.w3.org/TR/trace-context/#traceparent-header-field-values */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;
const ALL_ZEROS = /^0+$/;

/** The trace id of a W3C traceparent; empty when it is not valid. */
export function parseTraceparent(text: string): string {
  const [, version = "", trace_id = "", parent_id = "", rest] = TRACEPARENT.exec(text) ?? [];
  if (version === "ff" || (version === "00" && rest !== undefined)) return "";
  return ALL_ZEROS.test(trace_id) || ALL_ZEROS.test(parent_id) ? "" : trace_id;
}
