import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { createSink, rowText, runCli, temporaryDirectory } from "../support.js";

const show = (...args: readonly string[]) => runCli(["show", "--path", resolve("examples"), ...args]);

describe("show", () => {
  test("show prints header, prompt, attempts with their reasons, artifact, stamp and link", async () => {
    const { code, stdout, stderr } = await show("10e1773b", "--langfuse-url", "https://lf.example");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout.split("\n");
    expect(lines.slice(0, 4)).toEqual([
      expect.stringMatching(/^10e1773be131a04f9d29ee620866a3b0 {2}accepted, \d+ of \d+ attempts$/),
      expect.stringMatching(/^2026-10-19T06:19:43\.567Z {2}fill {2}llama3\.1:70b \(vllm\) {2}shiftbot {2}\S+ m?s$/),
      "https://lf.example/trace/10e1773be131a04f9d29ee620866a3b0",
      "",
    ]);
    for (const title of ["prompt", "attempts", "artifact", "roster"]) expect(lines).toContain(title);
    expect(stdout).toMatch(/^ +"candidate_id": "W-9917"/m);
    expect(lines).toContain("  somebody is not on it");
  });

  test("show prints a chain of refusals", async () => {
    expect((await show("278794e7")).stdout).toContain(
      [
        "attempts",
        "  0 ✗ steps: at least 3 expected, got 0  760b8b847047e840",
        '  1 ✗ steps[0].owner "somebody" is not a known role  ad2c3188c12acf94',
        "  2 ✓ accepted  7f3978c81adf1b21",
        "",
      ].join("\n"),
    );
  });

  test("show says which ids begin so, and takes a whole id that begins others", async () => {
    const cwd = temporaryDirectory();
    const rows = ["ab", "abc", "abd", "x"].map((session_id) => rowText({ session_id, prompt: "a\n\u001b[31mb" }));
    writeFileSync(join(cwd, "sessions.jsonl"), rows.map((row) => `${row}\n`).join(""));
    const run = (id: string) => runCli(["show", "--path", cwd, id]);
    expect(await run("a")).toEqual({
      code: 1,
      stdout: "",
      stderr: "sessionlog: several ids begin with a: ab, abc, abd\n",
    });
    expect(await run("zz")).toEqual({
      code: 1,
      stdout: "",
      stderr: "sessionlog: no session has an id that begins with zz\n",
    });
    expect((await run("ab")).stdout).toMatch(/^ab {2}infra_error, 1 of 3 attempts\n/);
    expect((await run("x")).stdout).toContain(
      "prompt\n  a\n  \\u001b[31mb\n\nattempts\n  not known\n\nartifact\n  none\n",
    );
    expect((await runCli(["show"])).code).toBe(2);
  });

  test("show is coloured on a terminal", async () => {
    const stdout = createSink({ isTTY: true });
    await runCli(["show", "--path", resolve("examples"), "278794e7"], { stdout });
    expect(stdout.text()).toContain("\u001b[32maccepted\u001b[0m, 3 of 4 attempts");
  });
});
