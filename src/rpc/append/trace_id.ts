import type { Metadata } from "@grpc/grpc-js";
import { parseTraceparent } from "@sessionlog/protocol/traceparent";
import { isSessionId } from "../../record/index.js";

/** The metadata key with the trace that a daemon is in. */
const TRACE_ID_KEY = "x-lakehouse-trace-id";

/** The metadata that a session id is taken from. */
export const TRACE_KEYS = [TRACE_ID_KEY, "traceparent"] as const;

/**
 * The session id that a call's metadata contains: `x-lakehouse-trace-id`, else the trace id of `traceparent`. A value that
 * is not a valid id is skipped; undefined when nothing is left.
 */
export function traceIdFrom(metadata: Metadata): string | undefined {
  return textsOf(metadata, TRACE_ID_KEY).find(isSessionId) ?? traceparentOf(metadata);
}

/** The trace id of `traceparent`; undefined when there is none that is valid. */
export function traceparentOf(metadata: Metadata): string | undefined {
  return textsOf(metadata, "traceparent").map(parseTraceparent).find(isSessionId);
}

function textsOf(metadata: Metadata, key: string): string[] {
  return metadata.get(key).filter((value) => typeof value === "string");
}
