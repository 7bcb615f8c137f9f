import { expect, test } from "vitest";
import { programName } from "../src/daemon_name.js";

test.each([
  [["node", "/srv/validatord.js"], "validatord"],
  [["node", "/srv/my daemon/dist/index.mjs"], "mydaemon"],
  [["node", "/srv/validatord/dist/src/main.ts"], "validatord"],
  [["node"], "node"],
  [["node", `/${"x".repeat(100)}`], "x".repeat(64)],
])("programName of %j is %s", (argv, expected) => {
  expect(programName(argv, "/usr/bin/node")).toBe(expected);
});
