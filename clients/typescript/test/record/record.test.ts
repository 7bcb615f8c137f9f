import { expect, test } from "vitest";
import type { Artifact, SessionRecordInput } from "../../src/index.js";

const record = { kind: "fill", final_verdict: "accepted" } as const;

// `npm run typecheck` checks what may not compile.
test("SessionRecordInput has closed verdicts and open kinds", () => {
  const records: SessionRecordInput[] = [
    { ...record, kind: "translation" },
    // @ts-expect-error
    { ...record, final_verdict: "acepted" },
    // @ts-expect-error
    { ...record, attempts: [{ iteration: 0, verdict_kind: "nojson" }] },
  ];
  expect(records).toHaveLength(3);
});

test("Artifact is an object of an interface, a class or a literal, and nothing that iterates", () => {
  interface Fills {
    readonly fills: readonly string[];
  }
  class Draft {
    subject = "Hello";
  }
  const fills: Fills = { fills: [] };
  const artifacts: (Artifact | undefined)[] = [
    fills,
    new Draft(),
    { fills },
    undefined,
    // @ts-expect-error
    [1, 2],
    // @ts-expect-error
    new Map(),
    // @ts-expect-error
    new Set(),
    // @ts-expect-error
    "text",
  ];
  expect(artifacts).toHaveLength(8);
});
