import { writeFileSync } from "node:fs";
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
  test("audit ends with 0 and one line when every stamp is right", async () => {
    const run = audited([fill("a", ["W-1", "W-2"], true), fill("b", ["W-9"], false), rowText()]);
    expect(await run()).toEqual({
      code: 0,
      stdout: "ok: the stamps of all 2 accepted fills match roster.csv\n",
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
    ]);
    const row = (id: string) => `  2026-05-02T05:22:09.123Z  validatord  qwen3:8b  ${id}`;
    const { code, stdout, stderr } = await run();
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(stdout.split("\n")).toEqual([
      "AUDIT: 4 of 5 accepted fills differ from roster.csv or cannot be checked",
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
      accepted_fills: 5,
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

  test("audit finds only the unchecked fill of the examples", async () => {
    const { code, stdout } = await runCli([
      "audit",
      "--path",
      resolve("examples"),
      "--roster",
      resolve("examples/roster.csv"),
    ]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^AUDIT: 1 of 1,242 accepted fills differ/);
    expect(stdout).toMatch(/^never checked: 1$/m);
  });

  test.each<[string[], number, string]>([
    [["--roster", "none.csv"], 1, "none\\.csv: cannot be read as a table with a column worker_id: .*"],
    [["--roster-id", "staff"], 1, "roster\\.csv: cannot be read as a table with a column staff: .*"],
    [
      ["--ids", "candidate_id"],
      2,
      "option '--ids <path>' argument 'candidate_id' is invalid. Expected keys and a list, such as \"fills\\[\\].candidate_id\".",
    ],
    [["--ids", 'a"[].b'], 2, "option '--ids <path>'.*"],
  ])("audit refuses %j", async (args, code, message) => {
    const result = await audited([fill("a", ["W-1"], true)])(...args);
    expect(result).toMatchObject({ code, stdout: "" });
    expect(result.stderr).toMatch(new RegExp(`^sessionlog: .*${message}\n$`));
  });

  test("audit wants a roster", async () => {
    expect(await runCli(["audit"])).toEqual({
      code: 2,
      stdout: "",
      stderr: "sessionlog: required option '--roster <file>' not specified\n",
    });
  });
});
