import { describe, expect, test } from "vitest";
import { type ComparedFields, checkAcrossFields } from "../src/check_across_fields.js";

const row: ComparedFields = {
  iterations: 0,
  max_iterations: 0,
  final_verdict: "accepted",
  attempts: [],
  artifact: undefined,
  grounded_in_roster: undefined,
};

const artifact = {};

function attempts(...list: (readonly [iteration: number, verdict_kind: string])[]) {
  return list.map(([iteration, verdict_kind]) => ({ iteration, verdict_kind }));
}

function check(changes: Partial<ComparedFields>, ...bad: string[]): string[] {
  const violations = checkAcrossFields({ ...row, ...changes }, new Set(bad.map((field) => `record.${field}`)));
  for (const { reason } of violations) expect(reason).toBe("INCONSISTENT");
  return violations.map(({ field }) => field.replace("record.", ""));
}

describe("checkAcrossFields", () => {
  test.each<[string, Partial<ComparedFields>, string[]]>([
    ["iterations at the limit", { iterations: 3, max_iterations: 3 }, []],
    ["iterations above", { iterations: 4, max_iterations: 3 }, ["iterations"]],
    ["no limit told", { iterations: 4, max_iterations: 0 }, []],
    ["rising attempts", { attempts: attempts([0, "no_json"], [5, "accepted"]) }, []],
    ["attempts that stand still", { attempts: attempts([1, "no_json"], [1, "accepted"]) }, ["attempts[1].iteration"]],
    [
      "attempts that go back twice",
      { attempts: attempts([9, "no_json"], [4, "no_json"], [4, "no_json"], [5, "accepted"]) },
      ["attempts[1].iteration", "attempts[2].iteration"],
    ],
    ["accepted, last not", { attempts: attempts([0, "no_json"]) }, ["attempts[0].verdict_kind"]],
    [
      "accepted thrice",
      { attempts: attempts([0, "accepted"], [1, "accepted"], [2, "accepted"]) },
      ["attempts[0].verdict_kind", "attempts[1].verdict_kind"],
    ],
    [
      "accepted, then refused",
      { attempts: attempts([0, "accepted"], [1, "no_json"]) },
      ["attempts[0].verdict_kind", "attempts[1].verdict_kind"],
    ],
    [
      "exhausted with accepted ones",
      { final_verdict: "max_iter_exhausted", attempts: attempts([0, "accepted"], [1, "no_json"], [2, "accepted"]) },
      ["attempts[0].verdict_kind", "attempts[2].verdict_kind"],
    ],
    ["accepted with artifact", { artifact, grounded_in_roster: false }, []],
    [
      "infra_error with artifact and grounded",
      { final_verdict: "infra_error", artifact, grounded_in_roster: false },
      ["artifact", "grounded_in_roster"],
    ],
  ])("judges %s", (_, changes, fields) => {
    expect(check(changes)).toEqual(fields);
  });

  test("compares only what is good by itself", () => {
    expect(check({ iterations: 4, max_iterations: -3 }, "max_iterations")).toEqual([]);
    expect(check({ iterations: 4000, max_iterations: 3 }, "iterations")).toEqual([]);
    const everything = {
      final_verdict: "?",
      artifact,
      grounded_in_roster: true,
      attempts: attempts([0, "accepted"], [1, "accepted"]),
    };
    expect(check(everything, "final_verdict")).toEqual([]);
    expect(check({ final_verdict: "infra_error", artifact }, "artifact")).toEqual([]);
    expect(check({ attempts: attempts([5, "?"], [4, "accepted"]) }, "attempts")).toEqual([]);
  });

  test("passes over bad attempts, and compares those around them", () => {
    const three = attempts([3, "accepted"], [-1, "?"], [3, "accepted"]);
    const bad = ["attempts[1].iteration", "attempts[1].verdict_kind"];
    expect(check({ attempts: three }, ...bad)).toEqual(["attempts[0].verdict_kind", "attempts[2].iteration"]);
    expect(check({ attempts: attempts([0, "no_json"], [1, "?"]) }, "attempts[1].verdict_kind")).toEqual([]);
  });
});
