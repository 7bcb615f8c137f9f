import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { createSink, rowText, runCli, temporaryDirectory } from "../support.js";

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
      stdout: "ok: all 2 accepted fills are grounded; newest session 2026-05-02T05:22Z, 0 s ago\n",
      stderr: "",
    });
  });

  test("alarm is not ok when there is nothing to check, and says so", async () => {
    const old = fill({ grounded_in_roster: true, timestamp: "2026-04-20T08:00:00Z" });
    const newest = "newest session 2026-04-20T08:00Z, 11 days ago";
    expect(await alarm([old], "--since", "1d")).toEqual({
      code: 0,
      stdout: `nothing to check: no accepted fill since 2026-05-01T05:22Z; ${newest}\n`,
      stderr: "",
    });
    expect(await alarm([old], "--kind", "fil", "--until", "2026-05-01")).toEqual({
      code: 0,
      stdout: `nothing to check: no accepted fill before 2026-05-01T00:00Z of fil; ${newest}\n`,
      stderr: "sessionlog: no session has kind fil; there are fill\n",
    });
    expect(await alarm([])).toEqual({
      code: 1,
      stdout: "nothing to check: no accepted fill; there is no session\nNOT OK: no row of a session log was read\n",
      stderr: "",
    });
    const examples = await runCli(["alarm", "--path", resolve("examples"), "--since", "2026-11-26"]);
    expect(examples).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /^nothing to check: no accepted fill since 2026-11-26T00:00Z; newest session 2026-11-15T23:52Z, /,
      ),
    });
  });

  test("alarm ends with 1 when a line could not be read, as it could be an alarm; a row of another schema is none", async () => {
    const unreadable = await alarm([grounded, grounded.slice(0, 50), grounded]);
    expect(unreadable).toMatchObject({
      code: 1,
      stdout:
        "no alarm in what could be read: all 2 accepted fills are grounded; newest session 2026-05-02T05:22Z, 0 s ago\n",
      stderr: expect.stringContaining("skipped 1 line that is not a row of a session log"),
    });
    expect(JSON.parse((await alarm([grounded, "no"], "--json")).stdout)).toMatchObject({
      complete: false,
      alarm: false,
    });
    expect((await alarm([grounded, grounded.replace("iterate.v1", "iterate.v2")])).code).toBe(0);
  });

  test("alarm ends with 1 below --min-fills, and when the newest session is older than --stale", async () => {
    expect(await alarm([grounded], "--min-fills", "2")).toMatchObject({
      code: 1,
      stdout:
        "NOT OK: too few: 1 accepted fills, expected at least 2\n" +
        "no alarm: all 1 accepted fills are grounded; newest session 2026-05-02T05:22Z, 0 s ago\n",
    });
    expect((await alarm([grounded], "--min-fills", "1", "--stale", "2h")).code).toBe(0);
    const old = fill({ grounded_in_roster: true, timestamp: "2026-05-02T03:00:00Z" });
    expect(await alarm([old], "--stale", "2h")).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(
        /^NOT OK: stale: newest session 2026-05-02T03:00Z, 2 h ago, expected one since 2026-05-02T03:22Z\nno alarm: /,
      ),
    });
    expect(JSON.parse((await alarm([old], "--stale", "2h", "--json")).stdout)).toMatchObject({ met: false });
  });

  test("alarm lists the newest first, and says how many more there are", async () => {
    const many = Array.from({ length: 30 }, (_, index) =>
      fill({ session_id: `m-${index}`, timestamp: `2026-05-01T00:00:${String(index).padStart(2, "0")}Z` }),
    );
    const { stdout } = await alarm([grounded, ...many]);
    const lines = stdout.trimEnd().split("\n");
    expect(lines.slice(0, 3)).toEqual([
      "ALARM: 0 ungrounded, 30 unchecked of 31 accepted fills",
      "unchecked: 30",
      "  2026-05-01T00:00:29Z  validatord  qwen3:8b  m-29",
    ]);
    expect(lines.slice(-2)).toEqual([
      "  2026-05-01T00:00:10Z  validatord  qwen3:8b  m-10",
      "  … and 10 more: sessionlog query alarm",
    ]);
    expect((await alarm(many, "--limit", "1")).stdout).toContain("  … and 29 more: sessionlog query alarm\n");
    expect(JSON.parse((await alarm(many, "--json")).stdout).unchecked.length).toBe(30);
  });

  test("alarm names the workers who are not on the roster", async () => {
    const args = ["alarm", "--path", resolve("examples"), "--roster", resolve("examples/roster.csv")];
    const { code, stdout } = await runCli(args);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^ {2}2026-10-19T06:19:43.567Z .* 10e1773b\w+ {2}not on the roster: \["W-9917"\]$/m);
    expect(stdout).toMatch(/^ALARM: 1 ungrounded, 1 unchecked of 1,242 accepted fills\n/);
    const json = JSON.parse((await runCli([...args, "--json"])).stdout);
    expect(json.ungrounded[0]).toMatchObject({ provider: "vllm", unknown_ids: ["W-9917"] });
  });

  test("alarm with a roster finds phantoms that were stamped true", async () => {
    const roster = join(temporaryDirectory(), "roster.csv");
    writeFileSync(roster, "worker_id\nw-1\n");
    const naming = (session_id: string, id: string) =>
      fill({ session_id, grounded_in_roster: true, artifact: { fills: [{ candidate_id: id }] } });
    const rows = [naming("g-1", "w-1"), naming("p-1", "w-9")];
    expect(await alarm(rows, "--allow-unchecked", "--roster", roster)).toEqual({
      code: 1,
      stdout:
        "ALARM: 0 ungrounded, 0 unchecked, 1 claimed grounded of 2 accepted fills\nclaimed grounded, but not on the roster: 1\n" +
        '  2026-05-02T05:22:09.123Z  validatord  qwen3:8b  p-1  not on the roster: ["w-9"]\n',
      stderr: "",
    });
    const json = JSON.parse((await alarm(rows, "--json", "--roster", roster)).stdout);
    expect(json).toMatchObject({
      alarm: true,
      claimed_grounded_count: 1,
      claimed_grounded: [{ unknown_ids: ["w-9"] }],
    });
    expect(await alarm(rows)).toMatchObject({ code: 0 });
    expect(await alarm(rows.slice(0, 1), "--roster", roster)).toMatchObject({ code: 0 });
  });

  test("alarm shortens time and id on a narrow terminal, and is red", async () => {
    const stdout = createSink({ isTTY: true });
    await runCli(["alarm", "--path", resolve("examples")], { stdout, env: { NO_COLOR: "1" } });
    expect(stdout.text()).toContain("  2026-10-19T06:19  shiftbot  llama3.1:70b  10e1773b\n");
    const coloured = createSink({ isTTY: true });
    await runCli(["alarm", "--path", resolve("examples")], { stdout: coloured });
    expect(coloured.text()).toMatch(/^\u001b\[31mALARM\u001b\[0m: 1 ungrounded/);
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
      stdout: "ok: 0 ungrounded, 1 unchecked of 2 accepted fills; newest session 2026-05-02T05:22Z, 0 s ago\n",
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
      met: true,
      sessions: 3,
      newest_session: "2026-05-02T05:22:09.123Z",
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
      stdout:
        "no alarm in what could be read: all 1 accepted fills are grounded; newest session 2026-05-02T05:22Z, 0 s ago\n",
    });
    expect(stderr).toMatch(/^sessionlog: .*\.jsonl\.gz: left out: damaged gzip/);
    expect((await runCli(["alarm"], { cwd: temporaryDirectory() })).code).toBe(1);
  });
});
