// The trace id of Langfuse's SDK is the row's session_id, without anything that connects the two.
import { LangfuseSpanProcessor } from "@langfuse/otel";
import { getActiveTraceId, startActiveObservation } from "@langfuse/tracing";
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { createMemoryLogger } from "@sessionlog/client/testing";

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
// Nothing listens there: spans are made, and not sent.
const langfuse = { publicKey: "pk", secretKey: "sk", baseUrl: "http://127.0.0.1:9" };
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new LangfuseSpanProcessor(langfuse)] }));

const log = createMemoryLogger();
const trace_id = await startActiveObservation("iterate", async () => {
  await log.session({ kind: "fill" }, (session) => session.noJson("no JSON"));
  return getActiveTraceId();
});
const [record] = log.records;
if (record.session_id !== trace_id || !/^[0-9a-f]{16}$/.test(record.attempts[0].span_id)) {
  throw new Error(`trace ${trace_id}, row ${JSON.stringify(record)}`);
}
process.exit(0);
