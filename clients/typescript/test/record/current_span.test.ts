import { context, INVALID_SPAN_CONTEXT, propagation, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { AlwaysOffSampler, BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { currentSpan } from "../../src/record/current_span.js";
import { quickLogger, serve } from "../support.js";

const NONE = { trace_id: "", span_id: "" };

test("currentSpan is empty without OpenTelemetry", () => {
  expect(currentSpan()).toEqual(NONE);
});

test.each<readonly [string, unknown]>([
  ["a text", "1.10.0"],
  ["an API without a context", {}],
  ["a context of another form", { context: { active: () => ({}) } }],
  [
    "a getter that throws",
    Object.defineProperty({}, "context", {
      get: () => {
        throw new Error("broken");
      },
    }),
  ],
  [
    "ids of another form",
    { context: { active: () => ({ getValue: () => ({ spanContext: () => ({ traceId: 1n, spanId: "x" }) }) }) } },
  ],
])("currentSpan is empty for %s in its place", (_, api) => {
  const key = Symbol.for("opentelemetry.js.api.1");
  Reflect.set(globalThis, key, api);
  expect(currentSpan()).toEqual(NONE);
  Reflect.deleteProperty(globalThis, key);
});

describe("with an SDK", () => {
  beforeEach(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    trace.setGlobalTracerProvider(new BasicTracerProvider());
  });
  afterEach(() => {
    trace.disable();
    context.disable();
    propagation.disable();
    vi.restoreAllMocks();
  });

  test("currentSpan is that of the caller, over await", async () => {
    expect(currentSpan()).toEqual(NONE);
    await trace.getTracer("t").startActiveSpan("outer", async (span) => {
      await new Promise((resolve) => setImmediate(resolve));
      const { traceId, spanId } = span.spanContext();
      expect(currentSpan()).toEqual({ trace_id: traceId, span_id: spanId });
    });
    expect(currentSpan()).toEqual(NONE);
  });

  test("currentSpan is also one that is not sampled, and not an invalid one", () => {
    const provider = new BasicTracerProvider({ sampler: new AlwaysOffSampler() });
    provider.getTracer("t").startActiveSpan("off", (span) => {
      expect(currentSpan().trace_id).toBe(span.spanContext().traceId);
    });
    const invalid = trace.setSpan(ROOT_CONTEXT, trace.wrapSpanContext(INVALID_SPAN_CONTEXT));
    context.with(invalid, () => expect(currentSpan()).toEqual(NONE));
  });

  test("a logger gives a record without a session_id the trace id of the active span, and attempts their span ids", async () => {
    const { address, rows } = await serve();
    const tracer = new BasicTracerProvider().getTracer("t");
    const record = { kind: "fill", final_verdict: "accepted" } as const;
    const log = quickLogger(address);
    const by_header = quickLogger(address, { trace_ids: "header" });
    const trace_id = await tracer.startActiveSpan("iterate", async (span) => {
      log.append(record);
      log.append({ ...record, session_id: "own" });
      expect(await log.flush()).toBe(true);
      await log.appendAndWait({ ...record, prompt: "waited for" });
      await log.session({ kind: "fill" }, async (session) => {
        await tracer.startActiveSpan("generate", async (inner) => {
          session.accept({ span_id: inner.spanContext().spanId });
        });
      });
      by_header.append({ ...record, prompt: "by header" });
      return span.spanContext().traceId;
    });
    await Promise.all([log.close(), by_header.close()]);
    const stored = rows().map((row) => JSON.parse(row));
    expect(stored.slice(0, 4).map(({ session_id }) => session_id)).toEqual([trace_id, "own", trace_id, trace_id]);
    expect(stored[3].attempts[0].span_id).toBe(stored[3].artifact.span_id);
    expect(stored[4].session_id).toMatch(/^[0-9a-f]{32}$/);
    expect(stored[4].session_id).not.toBe(trace_id);
  });
});
