import { expect, test } from "vitest";
import { connectionsMax } from "../../../src/rpc/limits/open_files.js";

test.each([
  [512, Number.POSITIVE_INFINITY, 512],
  [512, 1_024, 512],
  [1_024, 1_024, 755],
  [512, 100, 16],
  [512, 40, 1],
])("connectionsMax keeps descriptors for the session log: %d of %d", (configured, open_files, expected) => {
  expect(connectionsMax(configured, open_files)).toBe(expected);
});

test("connectionsMax asks the system", () => {
  expect(connectionsMax(2)).toBe(2);
});
