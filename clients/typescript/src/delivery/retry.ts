import type { CallFailure } from "../rpc/failure.js";

/**
 * What is to be done about a call that failed. To send rows again is safe: the service knows them by their session_id
 * and timestamp.
 */
export function remedyFor(failure: CallFailure): "retry" | "split" | "give_up" {
  switch (failure.code_name) {
    case "UNAVAILABLE":
    case "DEADLINE_EXCEEDED":
    case "CANCELLED":
      return "retry";
    case "RESOURCE_EXHAUSTED":
      // Without RetryInfo it is the message that is too large, and always will be.
      return failure.retry_after_ms === undefined ? "split" : "retry";
    case "INVALID_ARGUMENT":
      return "split";
    default:
      return "give_up";
  }
}
