import { AppendSessionResponse, BatchAppendSessionsResponse } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { expect, test } from "vitest";
import { encodeAppendResponse, encodeBatchResponse } from "../../../src/rpc/append/answers.js";

const SECONDS = [0, 1, 127, 128, 1_777_699_329, 253_402_300_799, -1, -62_135_596_800];
const responses = SECONDS.flatMap((seconds) =>
  [0, 5, 999_999_999].flatMap((nanos) =>
    [0, 1, 300, 2 ** 31, 2 ** 53 - 1].map((sequence) => ({
      session_id: ["", "a", "x".repeat(128)][sequence % 3] ?? "",
      timestamp: { seconds, nanos },
      sequence,
      duplicate: sequence % 2 === 1,
    })),
  ),
);

test("encodeAppendResponse writes the bytes of the generated code", () => {
  for (const response of [...responses, { session_id: "a", timestamp: undefined, sequence: 7, duplicate: false }]) {
    expect(encodeAppendResponse(response).toString("hex")).toBe(
      Buffer.from(AppendSessionResponse.encode(response).finish()).toString("hex"),
    );
  }
});

test("encodeBatchResponse writes the bytes of the generated code, refusals among them", () => {
  const violations = [{ field: "record.é", description: "is required", reason: "REQUIRED" }];
  const results = responses.flatMap((value) => [
    { outcome: { $case: "appended" as const, value } },
    { outcome: { $case: "rejected" as const, value: { violations, violation_count: 3 } } },
    { outcome: { $case: "rejected" as const, value: { violations: [], violation_count: 0 } } },
    { outcome: undefined },
  ]);
  for (const count of [0, 1, 2, 3, 4, 100, results.length]) {
    const response = { results: results.slice(0, count) };
    expect(encodeBatchResponse(response).toString("hex")).toBe(
      Buffer.from(BatchAppendSessionsResponse.encode(response).finish()).toString("hex"),
    );
  }
});
