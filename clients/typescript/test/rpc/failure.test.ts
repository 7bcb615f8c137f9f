import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { appendFailureStatus, refusedStatus } from "../../../../src/rpc/errors.js";
import { toCallFailure } from "../../src/rpc/failure.js";

test("toCallFailure decodes violations", () => {
  const violation = { field: "record.kind", description: "unknown", reason: "NOT_ALLOWED" } as const;
  const { code, details, metadata = new Metadata() } = refusedStatus([violation]);
  expect(toCallFailure(serviceError(code, details, metadata))).toEqual({
    ok: false,
    code: status.INVALID_ARGUMENT,
    code_name: "INVALID_ARGUMENT",
    message: "record.kind NOT_ALLOWED: unknown",
    violations: [violation],
    retry_after_ms: undefined,
  });
});

test("toCallFailure decodes when to try again", () => {
  const { metadata = new Metadata() } = appendFailureStatus({
    kind: "disk_full",
    message: "full",
    retry_after_ms: 1_250,
  });
  const failure = toCallFailure(serviceError(status.RESOURCE_EXHAUSTED, "full", metadata));
  expect(failure).toMatchObject({ retry_after_ms: 1_250, violations: [] });
});

test.each([new Metadata(), garbledDetails()])(
  "toCallFailure keeps the status when there are no readable details",
  (trailer) => {
    const failure = toCallFailure(serviceError(status.UNAVAILABLE, "gone", trailer));
    expect(failure).toMatchObject({
      code_name: "UNAVAILABLE",
      message: "gone",
      violations: [],
      retry_after_ms: undefined,
    });
  },
);

function garbledDetails(): Metadata {
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from([0xff, 0xff]));
  return metadata;
}

function serviceError(code: status, details: string, metadata: Metadata): ServiceError {
  return Object.assign(new Error(details), { code, details, metadata });
}
