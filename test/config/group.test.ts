import { expect, test } from "vitest";
import { readGroup } from "../../src/config/group.js";

const file = () => Buffer.from("root:x:0:\nsessionlog:x:998:ana,ben\n# a comment\n");

test("readGroup finds the number of a group", () => {
  expect(readGroup("sessionlog", file)).toBe(998);
  expect(readGroup("1234", file)).toBe(1234);
  expect(readGroup("", file)).toBeUndefined();
});

test("readGroup names the setting for a group that is not there", () => {
  expect(() => readGroup("sessionlogs", file)).toThrow(
    "[server] socket_group: /etc/group has no group sessionlogs; one of another directory is given by its number",
  );
  expect(() =>
    readGroup("sessionlog", () => {
      throw Object.assign(new Error("no"), { code: "ENOENT" });
    }),
  ).toThrow("[server] socket_group: /etc/group: no such file or directory");
});
