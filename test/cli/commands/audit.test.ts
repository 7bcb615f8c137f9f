import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { rowText, runCli, temporaryDirectory } from "../support.js";

const roster = "worker_id,name\nW-1,Ana\nW-2,Bo\n";

function fill(session_id: string, ids: readonly string[], stamp?: boolean) {
  const artifact = { fills: ids.map((candidate_id) => ({ candidate_id })) };
  return rowText({
    session_id,
    final_verdict: "accepted",
    artifact,
    ...(stamp === undefined ? {} : { grounded_in_roster: stamp }),
  });
}

/** A directory with a log of these rows and a roster. */
function audited(rows: readonly string[], rosterText = roster, name = "roster.csv") {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, "sessions.jsonl"), rows.map((row) => `${row}\n`).join(""));
  writeFileSync(join(cwd, name), rosterText);
  return (...args: readonly string[]) =>
    runCli(["audit", "--path", "sessions.jsonl", "--roster", name, ...args], { cwd });
}

describe("audit", () => {
  test("audit ends with 0 and one line when every stamp is right and nobody is a phantom", async () => {
    const run = audited([fill("a", ["W-1", "W-2"], true), fill("b", ["W-1"], true), rowText()]);
    expect(await run()).toEqual({
      code: 0,
      stdout: "ok: all 2 accepted fills are stamped as on roster.csv; newest session 2026-05-02T05:22Z, 0 s ago\n",
      stderr: "",
    });
  });

  test("audit ends with 1 and lists what differs, each kind apart", async () => {
    const run = audited([
      fill("lied", ["W-1", "W-9"], true),
      fill("modest", ["W-2"], false),
      fill("asleep", ["W-8"]),
      rowText({ session_id: "bare", final_verdict: "accepted", grounded_in_roster: true }),
      fill("right", ["W-1"], true),
      fill("phantom", ["W-1", "W-7"], false),
    ]);
    const row = (id: string) => `  2026-05-02T05:22:09.123Z  validatord  qwen3:8b  ${id}`;
    const { code, stdout, stderr } = await run();
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(stdout.split("\n")).toEqual([
      "AUDIT: 5 findings in 6 accepted fills, checked against roster.csv",
      "not on the roster, and stamped so: 1",
      `${row("phantom")}  not on the roster: ["W-7"]`,
      "claimed grounded, but not on the roster: 1",
      `${row("lied")}  not on the roster: ["W-9"]`,
      "claimed ungrounded, but on the roster: 1",
      row("modest"),
      "never checked: 1",
      `${row("asleep")}  not on the roster: ["W-8"]`,
      "no list of ids in the artifact: 1",
      row("bare"),
      "",
    ]);
    const json = JSON.parse((await run("--json", "--langfuse-url", "http://lf")).stdout);
    expect(json).toMatchObject({
      ok: false,
      complete: true,
      accepted_fills: 6,
      confirmed_ungrounded_count: 1,
      claimed_grounded_count: 1,
      no_ids_count: 1,
    });
    expect(json.claimed_grounded).toEqual([
      expect.objectContaining({
        session_id: "lied",
        stamp: true,
        unknown_ids: ["W-9"],
        langfuse_url: "http://lf/trace/lied",
      }),
    ]);
  });

  test("audit takes other paths of ids and other columns", async () => {
    const artifact = { shift: { slots: [{ people: [{ id: "W-1" }, { id: "W-9" }] }, { people: [{ id: "W-2" }] }] } };
    const rows = [rowText({ final_verdict: "accepted", grounded_in_roster: true, artifact })];
    const run = audited(rows, '{"staff no":"W-1"}\n{"staff no":"W-2"}\n', "staff.jsonl");
    const { stdout } = await run("--ids", "shift.slots[].people[].id", "--roster-id", "staff no");
    expect(stdout).toContain('not on the roster: ["W-9"]');
    expect((await run("--roster-id", "staff no")).stdout).toContain("no list of ids in the artifact: 1");
  });

  test("audit names the phantom of the examples, and finds the unchecked fill", async () => {
    const { code, stdout } = await runCli([
      "audit",
      "--path",
      resolve("examples"),
      "--roster",
      resolve("examples/roster.csv"),
    ]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^AUDIT: 2 findings in 1,242 accepted fills/);
    expect(stdout).toMatch(
      /^not on the roster, and stamped so: 1\n {2}2026-10-19\S+ .* 10e1773b\w+ {2}not on the roster: \["W-9917"\]$/m,
    );
    expect(stdout).toMatch(/^never checked: 1$/m);
  });

  test.each<[string[], number, string]>([
    [["--roster", "none.csv"], 1, "none\\.csv: no such file"],
    [["--roster-id", "staff"], 1, "roster\\.csv: has no column staff; there are worker_id, name"],
    [
      ["--ids", "candidate_id"],
      2,
      '--ids \\(\\[audit\\] ids\\): expected keys and a list, such as "fills\\[\\].candidate_id"; got "candidate_id"',
    ],
    [["--ids", 'a"[].b'], 2, "--ids .*"],
  ])("audit refuses %j", async (args, code, message) => {
    const result = await audited([fill("a", ["W-1"], true)])(...args);
    expect(result).toMatchObject({ code, stdout: "" });
    expect(result.stderr).toMatch(new RegExp(`^sessionlog: .*${message}\n$`));
  });

  test("audit wants a roster", async () => {
    expect(await runCli(["audit"])).toEqual({
      code: 2,
      stdout: "",
      stderr: "sessionlog: audit needs --roster <file>, or [audit] roster in the configuration\n",
    });
  });

  test("audit takes the roster from the configuration, beside it", async () => {
    const cwd = temporaryDirectory();
    mkdirSync(join(cwd, "etc"));
    writeFileSync(join(cwd, "sessions.jsonl"), `${fill("a", ["W-9"], true)}\n`);
    writeFileSync(join(cwd, "etc/staff.csv"), "id\nW-1\n");
    writeFileSync(join(cwd, "etc/c.toml"), '[audit]\nroster = "staff.csv"\nroster_id = "id"\n');
    const { stdout } = await runCli(["audit", "--config", "etc/c.toml", "--path", "sessions.jsonl"], { cwd });
    expect(stdout).toMatch(/^AUDIT: 1 finding in 1 accepted fills, checked against etc\/staff\.csv\nclaimed grounded/);
  });

  test("audit takes the filters of query, and says when nothing is left to check", async () => {
    const run = audited([fill("a", ["W-9"], true)]);
    expect((await run("--daemon", "validatord", "--model", "qwen3:8b", "--kind", "fill")).code).toBe(1);
    expect(await run("--until", "2026-05-01", "--model", "qwen3")).toEqual({
      code: 0,
      stdout:
        "nothing to check: no accepted fill before 2026-05-01T00:00Z of qwen3; newest session 2026-05-02T05:22Z, 0 s ago\n",
      stderr: "sessionlog: no session has model qwen3; there are qwen3:8b\n",
    });
    expect((await audited([])()).stdout).toBe("NOT OK: no row of a session log was read\n");
  });
});
