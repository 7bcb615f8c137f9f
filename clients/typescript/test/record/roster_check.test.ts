import { expect, test } from "vitest";
import { rosterCheckFor } from "../../src/record/roster_check.js";

const roster = new Set(["W-1", "W-2", "7"]);
const check = rosterCheckFor("fill", (id) => roster.has(id));

test.each<readonly [string, object, boolean | undefined]>([
  ["all found", { fills: [{ candidate_id: "W-1" }, { worker_id: "W-2" }] }, true],
  ["one not found", { fills: [{ candidate_id: "W-1" }, { candidate_id: "W-9" }] }, false],
  ["a worker_id of the artifact itself", { worker_id: "W-9" }, false],
  ["an id that is a number", { worker_id: 7 }, true],
  ["an id that is none", { worker_id: null }, false],
  ["an empty id", { worker_id: "" }, false],
  ["nobody named", { fills: [] }, undefined],
  ["fills that are no list", { fills: "W-1" }, undefined],
  ["a key of every object", Object.create({ worker_id: "W-9" }), undefined],
])("rosterCheckFor tells %s", (_, artifact, expected) => {
  expect(check(artifact)).toBe(expected);
});

test("rosterCheckFor knows nothing of other kinds", () => {
  expect(rosterCheckFor("email", () => false)({ worker_id: "W-9" })).toBeUndefined();
});

test("rosterCheckFor looks for ids where it is told", () => {
  const artifact = { team: { members: ["W-1", "W-9"] } };
  expect(rosterCheckFor("fill", (id) => roster.has(id), ["team.members[]"])(artifact)).toBe(false);
  expect(
    rosterCheckFor(
      "fill",
      (id) => roster.has(id),
      () => ["W-1"],
    )(artifact),
  ).toBe(true);
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
