import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createRecordToRow, recordJsonToBytes } from "../../src/record/index.js";

interface Row {
  readonly session_id: string;
  readonly timestamp: string;
  readonly daemon: string;
  readonly kind: string;
  readonly model: string;
  readonly final_verdict: string;
  readonly attempts: readonly { readonly verdict_kind: string }[];
  readonly artifact?: { readonly fills?: readonly { readonly candidate_id: string }[] };
  readonly grounded_in_roster?: boolean;
}

const lines = readFileSync("examples/sessions.jsonl", "utf8").trimEnd().split("\n");
const rows: readonly Row[] = lines.map((line) => JSON.parse(line));
const acceptedFills = rows.filter((row) => row.kind === "fill" && row.final_verdict === "accepted");

test("generate makes the committed files again", () => {
  execFileSync(process.execPath, ["examples/generate.mjs", "--check"], { stdio: "pipe" });
});

test("sessions.jsonl has 2,000 sessions over six weeks, each later than the one before", () => {
  expect(new Set(rows.map((row) => row.session_id)).size).toBe(2000);
  const seconds = rows.map((row) => row.timestamp.slice(0, 19));
  expect(seconds.every((second, index) => index === 0 || second > (seconds[index - 1] ?? ""))).toBe(true);
  expect([seconds.at(0)?.slice(0, 10), seconds.at(-1)?.slice(0, 10)]).toEqual(["2026-10-05", "2026-11-15"]);
});

test("sessions.jsonl holds rows as the service writes them", () => {
  const toRow = createRecordToRow({ kinds: ["fill", "email", "playbook"] });
  const stamps = { session_id: () => "", daemon: "", timestamp: () => ({ seconds: 0, nanos: 0 }) };
  for (const line of lines) {
    const sent = recordJsonToBytes(line);
    const stored = sent.ok ? toRow(sent.bytes, stamps) : sent;
    expect(stored.ok ? stored.row.toString() : stored.violations).toBe(`${line}\n`);
  }
});

test("sessions.jsonl has two alarm rows: one ungrounded, one unchecked", () => {
  const alarms = acceptedFills.filter((row) => row.grounded_in_roster !== true);
  expect(alarms.map((row) => row.grounded_in_roster)).toEqual([false, undefined]);
});

test("sessions.jsonl is stamped as roster.csv has it", () => {
  const roster = readFileSync("examples/roster.csv", "utf8").trimEnd().split("\n").slice(1);
  const active = new Set(roster.filter((line) => line.endsWith(",true")).map((line) => line.split(",")[0]));
  const grounded = (row: Row) => row.artifact?.fills?.every((fill) => active.has(fill.candidate_id));
  for (const row of acceptedFills) expect(grounded(row), row.session_id).toBe(row.grounded_in_roster ?? true);
});

test("sessions.jsonl has a model that falls behind and a daemon that falls silent", () => {
  const firstShot = (some: readonly Row[]) =>
    some.filter((row) => row.attempts[0]?.verdict_kind === "accepted").length / some.length;
  const qwen = rows.filter((row) => row.model === "qwen3:8b");
  const before = firstShot(qwen.filter((row) => row.timestamp < "2026-11-02"));
  const after = firstShot(qwen.filter((row) => row.timestamp >= "2026-11-02"));
  expect(before - after).toBeGreaterThan(0.1);
  const lastWeek = rows.filter((row) => row.timestamp >= "2026-11-09");
  expect([...new Set(lastWeek.map((row) => row.daemon))].sort()).toEqual(["mailsmith", "shiftbot", "validatord"]);
});
