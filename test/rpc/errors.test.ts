import { status } from "@grpc/grpc-js";
import { BadRequest, RetryInfo } from "@sessionlog/protocol/gen/google/rpc/error_details";
import { Status } from "@sessionlog/protocol/gen/google/rpc/status";
import { describe, expect, test } from "vitest";
import type { AppendFailure } from "../../src/journal/index.js";
import type { Violation } from "../../src/record/index.js";
import { appendFailureStatus, type RpcStatus, refusedStatus, unexpectedStatus } from "../../src/rpc/errors.js";

function detailBytes({ metadata }: RpcStatus): Buffer {
  const bytes = metadata?.get("grpc-status-details-bin")[0];
  if (!Buffer.isBuffer(bytes)) throw new Error("no details");
  return bytes;
}

function attempts(count: number, description: string): Violation[] {
  return Array.from({ length: count }, (_, index) => {
    return { field: `record.attempts[${index}].verdict_kind`, description, reason: "NOT_ALLOWED" };
  });
}

describe("refusedStatus", () => {
  test("names every violation in the message and the details", () => {
    const violations = attempts(2, 'expected "accepted"');
    const refused = refusedStatus(violations);
    expect(refused.code).toBe(status.INVALID_ARGUMENT);
    expect(refused.details).toBe(
      'record.attempts[0].verdict_kind NOT_ALLOWED: expected "accepted"; ' +
        'record.attempts[1].verdict_kind NOT_ALLOWED: expected "accepted"',
    );
    const decoded = Status.decode(detailBytes(refused));
    expect(decoded).toMatchObject({ code: 3, message: refused.details });
    expect(decoded.details.map((detail) => detail.type_url)).toEqual(["type.googleapis.com/google.rpc.BadRequest"]);
    expect(BadRequest.decode(decoded.details[0]?.value ?? Buffer.alloc(0)).field_violations).toEqual(violations);
  });

  test.each([
    ["plain", "expected one of no_json, validation_failed, accepted, infra_error"],
    ["not ASCII", "ö".repeat(200)],
    ["of several code units", "😀".repeat(200)],
    ["control characters", "\u0001\n".repeat(100)],
    ["lone surrogates", "\ud800".repeat(100)],
    ["very long", "x".repeat(100_000)],
  ])("stays within what clients accept: descriptions that are %s", (_name, description) => {
    for (const count of [1, 3, 1_000]) {
      const refused = refusedStatus(attempts(count, description));
      const bytes = detailBytes(refused);
      expect(bytes.length).toBeLessThanOrEqual(4_096);
      expect(encodeURI(refused.details).length).toBeLessThan(1_024);
      const listed = BadRequest.decode(Status.decode(bytes).details[0]?.value ?? Buffer.alloc(0)).field_violations
        .length;
      expect(listed).toBeGreaterThan(0);
      expect(refused.details).toMatch(/^record\.attempts\[0\]\.verdict_kind NOT_ALLOWED: /);
      if (listed < count) expect(refused.details).toContain(`${count - listed} more left out`);
    }
  });

  test("says that the details hold all when only the message is cut", () => {
    expect(refusedStatus(attempts(15, "expected one of no_json, accepted")).details).toMatch(
      / \(15 violations, all of them in the details\)$/,
    );
  });
});

describe("appendFailureStatus", () => {
  test.each([
    ["queue_full", status.RESOURCE_EXHAUSTED],
    ["disk_full", status.RESOURCE_EXHAUSTED],
    ["opening", status.UNAVAILABLE],
    ["draining", status.UNAVAILABLE],
    ["failed", status.UNAVAILABLE],
  ] as const)("maps %s, with when to try again", (kind, code) => {
    const mapped = appendFailureStatus({ kind, message: "why", retry_after_ms: 2_500 });
    expect(mapped).toMatchObject({ code, details: "why" });
    const detail = Status.decode(detailBytes(mapped)).details[0];
    expect(detail?.type_url).toBe("type.googleapis.com/google.rpc.RetryInfo");
    expect(RetryInfo.decode(detail?.value ?? Buffer.alloc(0)).retry_delay).toEqual({ seconds: 2, nanos: 500_000_000 });
  });

  test("maps too_large to a refusal of the records: trying again does not help", () => {
    const failure: AppendFailure = { kind: "too_large", message: "9 MiB of rows" };
    expect(appendFailureStatus(failure)).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: "records TOO_LONG: 9 MiB of rows",
    });
  });
});

test("unexpectedStatus tells nothing of what happened", () => {
  expect(unexpectedStatus()).toEqual({
    code: status.INTERNAL,
    details: "internal error; the service's log has more",
  });
});
