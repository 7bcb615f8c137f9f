/**
 * The one place where refusals and failures become gRPC statuses. Details are google.rpc messages within a
 * google.rpc.Status in the trailer `grpc-status-details-bin`, as all gRPC libraries read them:
 * https://google.aip.dev/193 and https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto.
 */
import { Metadata, status } from "@grpc/grpc-js";
import type { Any } from "@sessionlog/protocol/gen/google/protobuf/any";
import { BadRequest, RetryInfo } from "@sessionlog/protocol/gen/google/rpc/error_details";
import { Status } from "@sessionlog/protocol/gen/google/rpc/status";
import type { AppendFailure } from "../journal/index.js";
import type { Violation } from "../record/index.js";
import { listViolations, shorten } from "./violations.js";

/** A status other than OK, as grpc-js takes it: `details` is the message. */
export interface RpcStatus {
  readonly code: status;
  readonly details: string;
  readonly metadata?: Metadata;
  /** What is refused, for logs; clients have it from `metadata`. */
  readonly violations?: readonly Violation[];
}

/**
 * The message as it travels (percent-encoded) and the google.rpc.Status as it is serialised. Together, the latter as
 * base64, they stay below the 8 KiB of metadata that clients on the C core accept; over it they see RESOURCE_EXHAUSTED.
 */
const MESSAGE_BYTES_MAX = 1_000;
const STATUS_BYTES_MAX = 4_096;
/** Within STATUS_BYTES_MAX: the message once more, and 96 bytes for the code, the type's name, tags and lengths. */
const VIOLATION_BYTES_MAX = STATUS_BYTES_MAX - MESSAGE_BYTES_MAX - 96;
const RETRY_MS = 1_000;
/** Within MESSAGE_BYTES_MAX: room for saying how many violations there are. */
const COUNT_BYTES = 100;

/** INVALID_ARGUMENT with a BadRequest that names the violations, of which there must be one at least. */
export function refusedStatus(violations: readonly Violation[]): RpcStatus {
  const listed = listViolations(violations, VIOLATION_BYTES_MAX).violations;
  const message = refusalMessage(violations, listed.length);
  const field_violations = listed.map(({ field, description, reason }) => {
    return { field, description, reason, localized_message: undefined };
  });
  const refused = detailedStatus(status.INVALID_ARGUMENT, message, {
    type_url: "type.googleapis.com/google.rpc.BadRequest",
    value: Buffer.from(BadRequest.encode({ field_violations }).finish()),
  });
  return { ...refused, violations };
}

/** The status of a call whose rows the journal did not store. */
export function appendFailureStatus(failure: AppendFailure): RpcStatus {
  switch (failure.kind) {
    case "queue_full":
    case "disk_full":
      return retryStatus(status.RESOURCE_EXHAUSTED, failure.message, failure.retry_after_ms);
    case "opening":
    case "draining":
    case "failed":
      return retryStatus(status.UNAVAILABLE, failure.message, failure.retry_after_ms);
    case "too_large":
      // The same request never fits, so the caller has to change it, unlike a full queue. One row alone is always
      // small enough (record/ ensures that): only a batch comes here.
      return refusedStatus([{ field: "records", description: failure.message, reason: "TOO_LONG" }]);
  }
}

/** Says no more, whatever was wrong. */
export const UNAUTHENTICATED: RpcStatus = { code: status.UNAUTHENTICATED, details: "credentials are required" };

/** UNAVAILABLE with a RetryInfo, for a call that does not append. */
export function unavailableStatus(message: string): RpcStatus {
  return retryStatus(status.UNAVAILABLE, message, RETRY_MS);
}

/** RESOURCE_EXHAUSTED with a RetryInfo, for a limit that gives way with time. */
export function exhaustedStatus(message: string): RpcStatus {
  return retryStatus(status.RESOURCE_EXHAUSTED, message, RETRY_MS);
}

/** INTERNAL, for defects; the reason goes to the log only. */
export function unexpectedStatus(): RpcStatus {
  return { code: status.INTERNAL, details: "internal error; the service's log has more" };
}

/** `record.kind NOT_ALLOWED: …; record.daemon REQUIRED: …`, and how many more there are than the message or the details
 * contain. */
function refusalMessage(violations: readonly Violation[], listed: number): string {
  const budget = MESSAGE_BYTES_MAX - COUNT_BYTES;
  let text = "";
  let named = 0;
  for (const { field, reason, description } of violations) {
    const item = `${named === 0 ? "" : "; "}${field} ${reason}: ${description}`;
    if (travelBytes(text) + travelBytes(item) > budget) break;
    text += item;
    named += 1;
  }
  // One percent-encoded code point takes 12 bytes at most.
  const first = violations[0];
  if (named === 0 && first !== undefined) {
    text = shorten(`${first.field} ${first.reason}: ${first.description}`, Math.floor(budget / 12));
  }
  const total = violations.length;
  if (listed < total) return `${text} (${total} violations: ${listed} in the details, ${total - listed} more left out)`;
  if (named < total) return `${text} (${total} violations, all of them in the details)`;
  return text;
}

function retryStatus(code: status, message: string, retry_after_ms: number): RpcStatus {
  const seconds = Math.floor(retry_after_ms / 1_000);
  const nanos = Math.round((retry_after_ms % 1_000) * 1e6);
  return detailedStatus(code, shorten(message, Math.floor(MESSAGE_BYTES_MAX / 12)), {
    type_url: "type.googleapis.com/google.rpc.RetryInfo",
    value: Buffer.from(RetryInfo.encode({ retry_delay: { seconds, nanos } }).finish()),
  });
}

function detailedStatus(code: status, message: string, detail: Any): RpcStatus {
  const details = wellFormed(message);
  const metadata = new Metadata();
  const bytes = Status.encode({ code, message: details, details: [detail] }).finish();
  metadata.set("grpc-status-details-bin", Buffer.from(bytes));
  return { code, details, metadata };
}

/** How long a text is as grpc-js sends it. */
function travelBytes(text: string): number {
  return encodeURI(wellFormed(text)).length;
}

/** Lone surrogates become U+FFFD: encodeURI, which grpc-js calls, throws at them. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}
