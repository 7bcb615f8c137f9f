/** The span of OpenTelemetry that is active where the daemon calls, read from what its API keeps for all its copies in a
 * process: the client does not depend on it, and a daemon without it has no span. */

/** Where `@opentelemetry/api` 1.x keeps what the daemon's SDK has registered. */
const API = Symbol.for("opentelemetry.js.api.1");
/** The context's key for the active span. */
const SPAN = Symbol.for("OpenTelemetry Context Key SPAN");

const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/;
const SPAN_ID = /^(?!0{16})[0-9a-f]{16}$/;

export interface CurrentSpan {
  /** 32 hex digits; empty when there is no active span. */
  readonly trace_id: string;
  /** 16 hex digits; empty when there is no active span. */
  readonly span_id: string;
}

export const NO_SPAN: CurrentSpan = { trace_id: "", span_id: "" };

/** The active span; also one that is not sampled. Throws nothing. */
export function currentSpan(): CurrentSpan {
  try {
    const manager = property(Reflect.get(globalThis, API), "context");
    if (manager === undefined) return NO_SPAN;
    const context = call(call(manager, "active"), "getValue", SPAN);
    const span = call(context, "spanContext");
    const { traceId, spanId } = { traceId: property(span, "traceId"), spanId: property(span, "spanId") };
    if (typeof traceId !== "string" || typeof spanId !== "string") return NO_SPAN;
    return TRACE_ID.test(traceId) && SPAN_ID.test(spanId) ? { trace_id: traceId, span_id: spanId } : NO_SPAN;
  } catch {
    // Another version of the API: the record gets a random id, as without OpenTelemetry.
    return NO_SPAN;
  }
}

function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function call(value: unknown, name: string, ...parameters: readonly unknown[]): unknown {
  const method = property(value, name);
  return typeof method === "function" ? Reflect.apply(method, value, parameters) : undefined;
}
