import { createMemoryLogger } from "@sessionlog/client/testing";

test("using ends a session", () => {
  const log = createMemoryLogger();
  {
    using session = log.startSession({ kind: "fill", max_iterations: 3 });
    session.accept({ fills: [] });
  }
  expect(log.records).toMatchObject([{ final_verdict: "accepted" }]);
});

test("using records what leaves a session early", () => {
  const log = createMemoryLogger();
  expect(() => {
    using session = log.startSession({ kind: "fill", max_iterations: 3 });
    session.noJson("no JSON");
    throw new Error("down");
  }).toThrow("down");
  expect(log.records).toMatchObject([{ final_verdict: "infra_error", iterations: 1 }]);
});
