import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCli, temporaryDirectory } from "../support.js";

test("sessionlog token new makes a token and its block, which token check and a service take", async () => {
  const made = await runCli(["token", "new", "validatord"]);
  expect(made.code).toBe(0);
  expect(made.stdout).toMatch(/^slt_[A-Za-z0-9_-]{43}\n$/);
  expect(made.stderr).not.toContain(made.stdout.trim());
  const directory = temporaryDirectory();
  const file = join(directory, "auth.toml");
  writeFileSync(file, made.stderr);
  const checked = await runCli(["token", "check", "--auth-file", file], { stdin: made.stdout });
  expect(checked).toMatchObject({ code: 0, stdout: expect.stringMatching(/^validatord, token .*\nroles: append\n/) });
  const again = await runCli(["token", "new", "validatord"]);
  expect(again.stdout).not.toBe(made.stdout);
});

test.each([
  [["token", "new"], "", 2, "token new: expected a name of"],
  [["token", "new", "a b"], "", 2, "token new: expected a name of"],
  [["token", "check"], "slt_x", 2, "token check: expected --auth-file"],
  [["token", "check", "--auth-file", "/nope"], "slt_x", 2, "[auth] file: /nope: no such file"],
  [["token", "forge"], "", 2, "Allowed choices are new, check"],
])("sessionlog %j is refused", async (args, stdin, code, message) => {
  const result = await runCli(args, { stdin });
  expect(result).toMatchObject({ code, stdout: "", stderr: expect.stringContaining(message) });
});

test("sessionlog token check knows a token that has expired, and one of nobody", async () => {
  const { stdout, stderr } = await runCli(["token", "new", "validatord"]);
  const file = join(temporaryDirectory(), "auth.toml");
  writeFileSync(file, `${stderr}not_after = 2020-01-01T00:00:00Z\n`);
  const expired = await runCli(["token", "check", "--auth-file", file], { stdin: stdout });
  expect(expired).toMatchObject({ code: 1, stderr: expect.stringContaining("has expired") });
  const foreign = await runCli(["token", "check", "--auth-file", file], { stdin: "slt_other" });
  expect(foreign).toMatchObject({ code: 1, stderr: expect.stringContaining("no identity has this token") });
});
