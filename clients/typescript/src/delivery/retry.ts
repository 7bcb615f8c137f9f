import type { CallResult } from "../rpc/api_client.js";
import type { CallFailure } from "../rpc/failure.js";

/** What follows a failed call: clients/cases/README.md says what each of these means. */
export type FailureAction = "retry" | "split" | "give_up" | "spill" | "wait_for_credentials";

/**
 * What follows a failed call that had this many records; the table is clients/cases/failures.json. A retry is safe: the
 * service recognises a record by its bytes, its session_id and timestamp among them.
 */
export function classifyFailure(
  { code_name, retry_after_ms }: Pick<CallFailure, "code_name" | "retry_after_ms">,
  records: number,
): FailureAction {
  switch (code_name) {
    case "UNAVAILABLE":
    case "DEADLINE_EXCEEDED":
    case "CANCELLED":
    case "ABORTED":
      return "retry";
    case "UNAUTHENTICATED":
      return "wait_for_credentials";
    case "PERMISSION_DENIED":
      return "spill";
    case "UNIMPLEMENTED":
      return "give_up";
    case "RESOURCE_EXHAUSTED":
      // Without RetryInfo the message is too large, which no retry changes.
      if (retry_after_ms !== undefined) return "retry";
  }
  // One record may be the reason, and must not take the others with it.
  return records > 1 ? "split" : "give_up";
}

export type Records = readonly Uint8Array[];

/**
 * Delivers records, in halves where one of them may be the reason of a failure. Yields each part, in order, with its
 * reply or with a failure that is not to be split.
 *
 * @param deliver makes the call, with its retries; undefined ends the delivery
 */
export async function* deliverInParts<Reply>(
  records: Records,
  deliver: (part: Records) => Promise<CallResult<Reply> | undefined>,
): AsyncGenerator<readonly [part: Records, result: CallResult<Reply>]> {
  const parts: Records[] = [records];
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    const result = await deliver(part);
    if (result === undefined) return;
    if (!result.ok && classifyFailure(result, part.length) === "split") {
      const middle = Math.floor(part.length / 2);
      parts.push(part.slice(middle), part.slice(0, middle));
    } else yield [part, result];
  }
}
