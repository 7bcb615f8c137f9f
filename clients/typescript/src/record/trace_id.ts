/** The trace that an incoming request belongs to, for `session_id`. */
import { sessionSchema } from "@sessionlog/protocol/gen/session_schema";
import { parseTraceparent } from "@sessionlog/protocol/traceparent";

/** The headers of an HTTP request (`request.headers` of Node, or a `Headers`), or the `Metadata` of a gRPC call. */
export type IncomingHeaders =
  | { get(name: string): string | null | readonly (string | Buffer)[] }
  | Readonly<Record<string, unknown>>;

const { id } = sessionSchema.$defs;
const ID_PATTERN = new RegExp(id.pattern, "u");

/** The trace id of `X-Lakehouse-Trace-Id`, else of `traceparent`; empty when neither has a valid one. */
export function traceIdFromHeaders(headers: IncomingHeaders | null | undefined): string {
  if (headers === null || headers === undefined) return "";
  const valid = valuesOf(headers, "x-lakehouse-trace-id").find(
    (value) => value.length <= id.maxLength && ID_PATTERN.test(value),
  );
  if (valid !== undefined) return valid;
  return (
    valuesOf(headers, "traceparent")
      .map(parseTraceparent)
      .find((trace_id) => trace_id !== "") ?? ""
  );
}

/** All values of a header, in order. A header that came twice, Node joins with a comma, which no trace id has. */
function valuesOf(headers: IncomingHeaders, name: string): readonly string[] {
  const found = hasGet(headers)
    ? headers.get(name)
    : Object.keys(headers).flatMap((key) => (key.toLowerCase() === name ? headers[key] : []));
  return [found]
    .flat()
    .flatMap((value) => (typeof value === "string" ? value.split(",").map((one) => one.trim()) : []));
}

function hasGet(headers: IncomingHeaders): headers is Extract<IncomingHeaders, { get: unknown }> {
  return typeof headers.get === "function";
}
