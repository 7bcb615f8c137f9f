import { type Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { BadRequest, RetryInfo } from "@sessionlog/protocol/gen/google/rpc/error_details";
import { Status } from "@sessionlog/protocol/gen/google/rpc/status";
import type { Violation } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";

/** A call that did not end with OK. */
export interface CallFailure {
  readonly ok: false;
  readonly code: status;
  /** The code's name, for example `INVALID_ARGUMENT`. */
  readonly code_name: string;
  readonly message: string;
  /** Those of google.rpc.BadRequest; empty when there was none. */
  readonly violations: readonly Violation[];
  /** The delay of google.rpc.RetryInfo; undefined when there was none. */
  readonly retry_after_ms: number | undefined;
}

/** A failure that no server reported. */
export function callFailure(code_name: keyof typeof status, message: string): CallFailure {
  return { ok: false, code: status[code_name], code_name, message, ...NO_DETAILS };
}

/** Turns an error of grpc-js into a value, its google.rpc details decoded. Broken details are ignored. */
export function toCallFailure(error: ServiceError): CallFailure {
  const { code, details: message } = error;
  return { ok: false, code, code_name: status[code] ?? `${code}`, message, ...decodeDetails(error.metadata) };
}

interface Details {
  readonly violations: readonly Violation[];
  readonly retry_after_ms: number | undefined;
}

const NO_DETAILS: Details = { violations: [], retry_after_ms: undefined };

function decodeDetails(trailer: Metadata): Details {
  const bytes = trailer.get("grpc-status-details-bin")[0];
  if (!Buffer.isBuffer(bytes)) return NO_DETAILS;
  const violations: Violation[] = [];
  let retry_after_ms: number | undefined;
  try {
    for (const detail of Status.decode(bytes).details) {
      if (detail.type_url.endsWith("/google.rpc.BadRequest")) {
        for (const { field, description, reason } of BadRequest.decode(detail.value).field_violations) {
          violations.push({ field, description, reason });
        }
      } else if (detail.type_url.endsWith("/google.rpc.RetryInfo")) {
        const delay = RetryInfo.decode(detail.value).retry_delay;
        if (delay !== undefined) retry_after_ms = delay.seconds * 1_000 + delay.nanos / 1e6;
      }
    }
  } catch {
    // A proxy that garbles the trailer must not hide the status.
    return NO_DETAILS;
  }
  return { violations, retry_after_ms };
}
