import { expect, test } from "vitest";
import { rosterCheckFor } from "../../src/record/roster_check.js";
import { readCases } from "../cases.js";

interface RosterCase {
  readonly name: string;
  readonly kind: string;
  readonly artifact: object;
  readonly id_paths?: readonly string[];
  readonly roster: readonly string[];
  readonly expected: boolean | null;
}

test.each(readCases<RosterCase>("rosters.jsonl"))("case: $name", ({ kind, artifact, id_paths, roster, expected }) => {
  const check = rosterCheckFor(kind, (id) => roster.includes(id), id_paths);
  expect(check(artifact)).toBe(expected ?? undefined);
});

test("rosterCheckFor skips a key of every object", () => {
  expect(rosterCheckFor("fill", () => false)(Object.create({ worker_id: "W-9" }))).toBeUndefined();
});

test("rosterCheckFor takes the ids that a function finds", () => {
  const check = rosterCheckFor(
    "fill",
    (id) => id === "W-1",
    () => ["W-1"],
  );
  expect(check({ worker_id: "W-9" })).toBe(true);
});

test("rosterCheckFor takes no promise for a yes", () => {
  const asynchronous = rosterCheckFor("fill", async () => false);
  expect(() => asynchronous({ worker_id: "W-1" })).toThrow("at once");
  // Nobody handles its rejection, which would end the daemon, and fails this test.
  const rejecting = rosterCheckFor("fill", () => Promise.reject(new Error("no roster")));
  expect(() => rejecting({ worker_id: "W-1" })).toThrow("at once");
});

test("rosterCheckFor takes no thenable for a yes, which knex and mongoose answer with", () => {
  const method = "then";
  for (const base of [{}, () => false]) {
    const answer = Object.defineProperty(base, method, { value: () => false });
    expect(() => rosterCheckFor("fill", () => answer)({ worker_id: "W-1" })).toThrow("at once");
  }
  const worker = Object.defineProperty({}, method, { value: "a column" });
  expect(rosterCheckFor("fill", () => worker)({ worker_id: "W-1" })).toBe(true);
});
