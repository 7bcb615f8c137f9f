import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { rowText, runCli, temporaryDirectory } from "../support.js";

const fill = (values: object) => rowText({ final_verdict: "accepted", ...values });
const grounded = fill({ grounded_in_roster: true });
const ungrounded = fill({ session_id: "u-1", grounded_in_roster: false, timestamp: "2026-05-01T00:00:00Z" });
const unchecked = fill({ session_id: "u-2" });

function alarm(rows: readonly string[], ...args: readonly string[]) {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, "sessions.jsonl"), rows.map((row) => `${row}\n`).join(""));
  return runCli(["alarm", "--path", "sessions.jsonl", ...args], { cwd });
}

describe("alarm", () => {
  test("alarm ends with 0 and one line when every accepted fill is grounded", async () => {
    const others = [
      rowText(),
      fill({ kind: "email", grounded_in_roster: false }),
      rowText({ final_verdict: "max_iter_exhausted" }),
    ];
    expect(await alarm([grounded, grounded, ...others])).toEqual({
      code: 0,
      stdout: "ok: all 2 accepted fills are grounded\n",
      stderr: "",
    });
    expect(await alarm([])).toEqual({ code: 0, stdout: "ok: all 0 accepted fills are grounded\n", stderr: "" });
  });

  test("alarm ends with 1 and lists ungrounded and unchecked fills apart", async () => {
    expect(await alarm([grounded, ungrounded, unchecked])).toEqual({
      code: 1,
      stdout: [
        "ALARM: 1 ungrounded, 1 unchecked of 3 accepted fills",
        "ungrounded: 1",
        "  2026-05-01T00:00:00Z  validatord  qwen3:8b  u-1",
        "unchecked: 1",
        "  2026-05-02T05:22:09.123Z  validatord  qwen3:8b  u-2",
        "",
      ].join("\n"),
      stderr: "",
    });
  });

  test("alarm lets unchecked fills pass when told so, ungrounded ones never", async () => {
    expect(await alarm([grounded, unchecked], "--allow-unchecked")).toEqual({
      code: 0,
      stdout: "ok: 0 ungrounded, 1 unchecked of 2 accepted fills\n",
      stderr: "",
    });
    expect((await alarm([grounded, unchecked])).code).toBe(1);
    expect((await alarm([ungrounded], "--allow-unchecked")).code).toBe(1);
  });

  test("alarm looks at sessions since a time", async () => {
    expect((await alarm([grounded, ungrounded], "--since", "1d")).code).toBe(0);
    expect((await alarm([grounded, ungrounded], "--since", "2026-05-01")).code).toBe(1);
  });

  test.each([
    ["https://langfuse.example/", "https://langfuse.example/trace/u-1"],
    ["https://langfuse.example/lf/project/p1", "https://langfuse.example/lf/project/p1/traces/u-1"],
  ])("alarm links to Langfuse at %s", async (url, link) => {
    expect((await alarm([ungrounded], "--langfuse-url", url)).stdout).toContain(`  u-1  ${link}\n`);
    const { stdout } = await alarm([ungrounded], "--json", "--langfuse-url", url);
    expect(JSON.parse(stdout).ungrounded[0].langfuse_url).toBe(link);
  });

  test("alarm refuses an address that is none", async () => {
    expect(await alarm([], "--langfuse-url", "langfuse.example")).toMatchObject({
      code: 2,
      stderr:
        'sessionlog: --langfuse-url ([langfuse] url): expected an address such as "https://langfuse.example", or "" for none; got "langfuse.example"\n',
    });
  });

  test("alarm prints JSON", async () => {
    const { code, stdout } = await alarm([grounded, ungrounded, unchecked], "--json");
    expect(code).toBe(1);
    const session = { daemon: "validatord", model: "qwen3:8b", provider: "ollama" };
    expect(JSON.parse(stdout)).toEqual({
      alarm: true,
      complete: true,
      accepted_fills: 3,
      ungrounded_count: 1,
      unchecked_count: 1,
      ungrounded: [{ ...session, session_id: "u-1", timestamp: "2026-05-01T00:00:00Z" }],
      unchecked: [{ ...session, session_id: "u-2", timestamp: "2026-05-02T05:22:09.123Z" }],
    });
    expect(JSON.parse((await alarm([grounded], "--json")).stdout)).toMatchObject({ alarm: false, ungrounded: [] });
  });

  test("alarm finds the two of the examples", async () => {
    const { code, stdout } = await runCli(["alarm", "--path", resolve("examples")]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^ALARM: 1 ungrounded, 1 unchecked of 1,242 accepted fills\n/);
  });

  test("alarm ends with 1 when a file cannot be read, as it could hold an alarm", async () => {
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, "sessions.jsonl"), `${grounded}\n`);
    writeFileSync(join(cwd, `sessions-${"1".padStart(20, "0")}-${"2".padStart(20, "0")}.jsonl.gz`), "no");
    const { code, stdout, stderr } = await runCli(["alarm", "--path", "."], { cwd });
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: "no alarm in what could be read: all 1 accepted fills are grounded\n",
    });
    expect(stderr).toMatch(/^sessionlog: .*\.jsonl\.gz: left out: damaged gzip/);
    expect((await runCli(["alarm"], { cwd: temporaryDirectory() })).code).toBe(1);
  });
});
