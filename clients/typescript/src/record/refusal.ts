import type { Violation } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { describeError } from "../errors.js";

/** What is wrong with a record; thrown and caught only within its encoding. */
class Refusal extends Error {
  constructor(readonly violation: Violation) {
    super(violation.description);
  }
}

/** Throws. `field` is a path such as `record.attempts[1].iteration`, `reason` is one of the API's. */
export function refuse(field: string, reason: string, description: string): never {
  throw new Refusal({ field, reason, description });
}

/** The result of `work`, which runs code of the caller: a getter, a proxy, toJSON. What that throws refuses `field`. */
export function refusing<T>(field: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Refusal) throw error;
    return refuse(field, "INVALID_FORMAT", `cannot be read: ${describeError(error)}`);
  }
}

/** The result of `work`, or why it refused. */
export function violationOr<T>(work: () => T): { readonly value: T } | { readonly violation: Violation } {
  try {
    return { value: refusing("record", work) };
  } catch (error) {
    if (error instanceof Refusal) return { violation: error.violation };
    throw error;
  }
}
