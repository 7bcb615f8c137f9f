/**
 * Answers as ProtoJSON, and refusals as Connect's unary protocol has them, so that its clients read them too:
 * https://connectrpc.com/docs/protocol/#error-end-stream
 */
import { status } from "@grpc/grpc-js";
import { BadRequest, RetryInfo } from "@sessionlog/protocol/gen/google/rpc/error_details";
import { Status } from "@sessionlog/protocol/gen/google/rpc/status";
import type {
  AppendResult,
  AppendSessionResponse,
  BatchAppendSessionsResponse,
} from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { printTimestamp } from "@sessionlog/protocol/timestamp";
import type { RpcStatus } from "../errors.js";

/** https://connectrpc.com/docs/protocol/#error-codes */
const HTTP_STATUSES: Readonly<Partial<Record<status, number>>> = {
  [status.INVALID_ARGUMENT]: 400,
  [status.UNAUTHENTICATED]: 401,
  [status.PERMISSION_DENIED]: 403,
  [status.RESOURCE_EXHAUSTED]: 429,
  [status.UNIMPLEMENTED]: 501,
  [status.UNAVAILABLE]: 503,
  [status.DEADLINE_EXCEEDED]: 504,
};

export function httpStatusOf(code: status): number {
  return HTTP_STATUSES[code] ?? 500;
}

/** AppendSessionResponse. */
export function appendedJson({ session_id, timestamp, sequence, duplicate }: AppendSessionResponse): object {
  const printed = timestamp === undefined ? {} : { timestamp: printTimestamp(timestamp) };
  return { sessionId: session_id, ...printed, sequence: String(sequence), duplicate };
}

/** BatchAppendSessionsResponse. */
export function batchJson({ results }: BatchAppendSessionsResponse): object {
  return { results: results.map(resultJson) };
}

function resultJson({ outcome }: AppendResult): object {
  if (outcome?.$case === "appended") return { appended: appendedJson(outcome.value) };
  const { violations = [], violation_count = 0 } = outcome?.value ?? {};
  return { rejected: { violations, violationCount: violation_count } };
}

/** `{"code", "message", "details"}`; each detail also has its content in JSON, as `debug`. */
export function errorJson({ code, details: message, metadata }: RpcStatus): object {
  const [bytes] = metadata?.get("grpc-status-details-bin") ?? [];
  const details = Buffer.isBuffer(bytes) ? Status.decode(bytes).details : [];
  return {
    code: (status[code] ?? "unknown").toLowerCase(),
    message,
    details: details.map(({ type_url, value }) => ({
      type: type_url.slice(type_url.lastIndexOf("/") + 1),
      value: Buffer.from(value).toString("base64").replace(/=+$/, ""),
      debug: debugJson(type_url, value),
    })),
  };
}

function debugJson(type_url: string, value: Uint8Array): object {
  if (type_url.endsWith(".BadRequest")) {
    const { field_violations } = BadRequest.decode(value);
    return {
      fieldViolations: field_violations.map(({ field, description, reason }) => ({ field, description, reason })),
    };
  }
  const { seconds = 0, nanos = 0 } = RetryInfo.decode(value).retry_delay ?? {};
  return { retryDelay: `${seconds + nanos / 1e9}s` };
}
