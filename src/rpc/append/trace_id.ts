import type { Metadata } from "@grpc/grpc-js";
import { isSessionId } from "../../record/index.js";

/** The metadata key under which daemons hand on the trace they are in. */
const TRACE_ID_KEY = "x-lakehouse-trace-id";

/** version "-" trace-id "-" parent-id "-" flags, and more behind another "-" from version 01 on.
 * https://www.w3.org/TR/trace-context/#traceparent-header-field-values */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;
const ALL_ZEROS = /^0+$/;

/**
 * The session id that a call's metadata tells: `x-lakehouse-trace-id`, else the trace id of `traceparent`. A value that
 * is no valid id is passed over; undefined when nothing is left.
 */
export function traceIdFrom(metadata: Metadata): string | undefined {
  for (const value of metadata.get(TRACE_ID_KEY)) {
    if (typeof value === "string" && isSessionId(value)) return value;
  }
  for (const value of metadata.get("traceparent")) {
    const trace_id = typeof value === "string" ? parseTraceparent(value) : undefined;
    if (trace_id !== undefined) return trace_id;
  }
  return undefined;
}

/** The trace id of a W3C traceparent; undefined when it is not valid. */
export function parseTraceparent(text: string): string | undefined {
  const match = TRACEPARENT.exec(text);
  if (match === null) return undefined;
  const [, version, trace_id, parent_id = "", rest] = match;
  if (trace_id === undefined || version === "ff") return undefined;
  if (version === "00" && rest !== undefined) return undefined;
  if (ALL_ZEROS.test(trace_id) || ALL_ZEROS.test(parent_id)) return undefined;
  return trace_id;
}
