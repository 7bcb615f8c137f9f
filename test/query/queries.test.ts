// Each query that comes with the program, over the examples or over rows made for it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { listQueries, namedSql } from "../../src/query/catalog.js";
import type { ReadOptions } from "../../src/query/index.js";
import { ask, exampleRows, temporaryDirectory, text } from "./support.js";

interface Row {
  readonly session_id: string;
  readonly timestamp: string;
  readonly kind: string;
  readonly daemon: string;
  readonly model: string;
  readonly iterations: number;
  readonly final_verdict: string;
  readonly grounded_in_roster?: boolean;
  readonly attempts: readonly { readonly verdict_kind: string; readonly error?: string }[];
  readonly artifact?: { readonly fills?: readonly { readonly candidate_id: string }[] };
}

const examples: readonly Row[] = exampleRows.map((row) => JSON.parse(row));
const acceptedFills = examples.filter((row) => row.kind === "fill" && row.final_verdict === "accepted");

function askExamples(name: string, options: Partial<ReadOptions> = {}) {
  return ask("examples", namedSql(name), options);
}

/** Asks over rows of these values, others as they are by default. */
async function askRows(name: string, rows: readonly object[], options: Partial<ReadOptions> = {}) {
  const directory = temporaryDirectory();
  const lines = rows.map((row, index) =>
    JSON.stringify({
      schema: "session.iterate.v1",
      session_id: `s${index + 1}`,
      timestamp: `2026-05-0${1 + (index % 9)}T00:00:00Z`,
      daemon: "validatord",
      kind: "fill",
      model: "m",
      provider: "p",
      prompt: "",
      iterations: 1,
      max_iterations: 3,
      final_verdict: "accepted",
      attempts: [{ iteration: 1, verdict_kind: "accepted" }],
      duration_ms: 1,
      ...row,
    }),
  );
  writeFileSync(join(directory, "sessions.jsonl"), text(lines));
  return ask(directory, namedSql(name), options);
}

function rosterOf(directory: string, name: string, content: string, file_column = "worker_id") {
  const path = join(directory, name);
  writeFileSync(path, content);
  return { tables: [{ name: "roster", column: "worker_id", file_column, path }] };
}

test("every query answers an empty log with no rows", async () => {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, "sessions.jsonl"), "");
  writeFileSync(join(directory, "runs.jsonl"), '{"session_id":"a"}\n');
  const runs = {
    name: "replay_runs",
    column: "session_id",
    file_column: "session_id",
    path: join(directory, "runs.jsonl"),
  };
  const { tables } = rosterOf(directory, "roster.csv", "worker_id\nW-1\n");
  for (const { name, sql } of listQueries()) {
    const options = { tables: [runs, ...tables], variables: { session_id: "x" } };
    const rows = await ask(join(directory, "sessions.jsonl"), sql, options);
    expect(rows, name).toEqual(name === "replay-unmatched" ? [["replay_runs", "a", null, null, 1]] : []);
  }
});

describe("first-shot", () => {
  test("first-shot counts what the rows say", async () => {
    const rows = await askExamples("first-shot");
    expect(rows.length).toBe(6);
    for (const [model, , sessions, first_shot, accepted, infra_errors, share] of rows) {
      const own = examples.filter((row) => row.model === model);
      const first = own.filter((row) => row.final_verdict === "accepted" && row.iterations === 1).length;
      expect([sessions, first_shot, accepted, infra_errors]).toEqual([
        own.length,
        first,
        own.filter((row) => row.final_verdict === "accepted").length,
        own.filter((row) => row.final_verdict === "infra_error").length,
      ]);
      expect(share).toBeCloseTo(first / own.length, 3);
    }
    expect((await askExamples("first-shot", { variables: { min_sessions: 400 } })).length).toBe(3);
  });
});

describe("no-retry", () => {
  test("no-retry names grounded workers of first attempts, and counts the retried", async () => {
    const fill = (ids: readonly string[], more: object = {}) => ({
      artifact: { fills: ids.map((candidate_id) => ({ candidate_id })) },
      grounded_in_roster: true,
      ...more,
    });
    const rows = [
      fill(["A", "B", "A"]),
      fill(["A"]),
      fill(["B", "C"], { iterations: 2 }),
      fill(["P"], { grounded_in_roster: false }),
      fill(["U"], { grounded_in_roster: undefined }),
      fill(["E"], { kind: "email" }),
    ];
    const all = await askRows("no-retry", rows);
    expect(all).toEqual([
      ["A", 2, 0, "2026-05-02T00:00:00Z"],
      ["B", 1, 1, "2026-05-01T00:00:00Z"],
    ]);
    expect(await askRows("no-retry", rows, { variables: { max_retried: 0 } })).toEqual(all.slice(0, 1));
  });
});

describe("three-refusals", () => {
  test("three-refusals wants them one after the other", async () => {
    const attempts = (letters: string) => ({
      iterations: letters.length,
      final_verdict: "max_iter_exhausted",
      attempts: [...letters].map((letter, index) => ({
        iteration: index + 1,
        verdict_kind: letter === "v" ? "validation_failed" : "no_json",
        error: `e${index + 1}`,
      })),
    });
    const rows = await askRows("three-refusals", ["vvnv", "nvvvv", "vvv", ""].map(attempts));
    expect(rows.map((row) => [row[1], row[7], row[8]])).toEqual([
      ["s2", "e2", "e4"],
      ["s3", "e1", "e3"],
    ]);
    expect((await askRows("three-refusals", ["vvnv"].map(attempts), { variables: { refusals: 2 } })).length).toBe(1);
  });

  test("three-refusals finds those of the examples", async () => {
    const expected = examples.filter((row) =>
      row.attempts
        .map(({ verdict_kind }) => verdict_kind)
        .join()
        .includes("validation_failed,validation_failed,validation_failed"),
    );
    const rows = await askExamples("three-refusals");
    expect(rows.map((row) => row[1])).toEqual(expected.map((row) => row.session_id));
  });
});

describe("grounded-share", () => {
  test("grounded-share tells grounded, ungrounded and unchecked apart, in weeks of UTC", async () => {
    const rows = await askRows("grounded-share", [
      { timestamp: "2026-05-03T23:59:59Z", grounded_in_roster: true },
      { timestamp: "2026-05-04T00:00:00Z", grounded_in_roster: true },
      { timestamp: "2026-05-04T00:00:00Z", grounded_in_roster: false },
      { timestamp: "2026-05-10T00:00:00Z" },
      { timestamp: "2026-05-10T00:00:00Z", final_verdict: "infra_error" },
    ]);
    expect(rows).toEqual([
      ["2026-04-27", "validatord", 1, 1, 0, 0, 1],
      ["2026-05-04", "validatord", 3, 1, 1, 1, 0.3333],
    ]);
  });
});

describe("alarm", () => {
  test("alarm finds false and absent", async () => {
    const found = acceptedFills.filter((row) => row.grounded_in_roster !== true);
    expect((await askExamples("alarm")).map((row) => [row[0], row[2]])).toEqual([
      ["ungrounded", found[0]?.session_id],
      ["unchecked", found[1]?.session_id],
    ]);
  });
});

describe("audit", () => {
  test("audit tells what differs, by text, whatever the ids look like", async () => {
    const fills = (...entries: readonly unknown[]) => ({ fills: entries });
    const id = (candidate_id: unknown) => ({ candidate_id });
    const rows = [
      { artifact: fills(id("0012"), id(7)), grounded_in_roster: true },
      { artifact: fills(id("12")), grounded_in_roster: true },
      { artifact: fills(id("0012")), grounded_in_roster: false },
      { artifact: fills(id("no")), grounded_in_roster: false },
      { artifact: fills(id("0012")) },
      { artifact: fills(id("x"), id("x"), id("y")) },
      { artifact: fills(id("7"), {}, id(null)), grounded_in_roster: true },
      { artifact: fills(), grounded_in_roster: true },
      { artifact: { people: [] }, grounded_in_roster: true },
      { artifact: { fills: "W-1" }, grounded_in_roster: true },
      { grounded_in_roster: true },
      { artifact: fills(id("no")), grounded_in_roster: true, kind: "email" },
      { session_id: "s2", artifact: fills(id("0012")), grounded_in_roster: true },
    ];
    const found = await askRows(
      "audit",
      rows,
      rosterOf(temporaryDirectory(), "r.csv", "name,worker_id\na, 0012 \nb,7\n,\n"),
    );
    expect(found.map((row) => [row[2], row[0], row[6]]).sort()).toEqual([
      ["s10", "no_ids", []],
      ["s11", "no_ids", []],
      ["s2", "claimed_grounded", ["12"]],
      ["s3", "claimed_ungrounded", []],
      ["s5", "never_checked", []],
      ["s6", "never_checked", ["x", "y"]],
      ["s7", "claimed_grounded", ["(none)"]],
      ["s9", "no_ids", []],
    ]);
  });

  test.each([
    ["r.csv", "id;name\nW-1;a\n"],
    ["r.tsv", "id\tname\nW-1\ta\n"],
    ["r.jsonl", '{"id":"W-1"}\n{"name":"nobody"}\n'],
    ["r.json", '[{"id":"W-1"}, {"id": null}]'],
  ])("audit reads the roster %s", async (name, content) => {
    const rows = [{ artifact: { fills: [{ candidate_id: "W-1" }] }, grounded_in_roster: true }];
    expect(await askRows("audit", rows, rosterOf(temporaryDirectory(), name, content, "id"))).toEqual([]);
    const refused = askRows("audit", rows, rosterOf(temporaryDirectory(), name, content, "worker"));
    await expect(refused).rejects.toThrow(/r\.\w+: .*worker/);
  });

  test("audit finds the unchecked fill of the examples only, as the stamps there are right", async () => {
    const path = "examples/roster.csv";
    const tables = [{ name: "roster", column: "worker_id", file_column: "worker_id", path }];
    expect((await askExamples("audit", { tables })).map((row) => row[0])).toEqual(["never_checked"]);
    const active = readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => !line.startsWith("W-1000,"))
      .join("\n");
    const named = acceptedFills.filter((row) =>
      row.artifact?.fills?.some(({ candidate_id }) => candidate_id === "W-1000"),
    );
    const rows = await askExamples("audit", rosterOf(temporaryDirectory(), "r.csv", active));
    const claimed = rows.filter((row) => row[0] === "claimed_grounded");
    expect(claimed.map((row) => row[2])).toEqual(named.map((row) => row.session_id));
  });
});

describe("outcomes", () => {
  test("outcomes has percentiles of each group", async () => {
    const rows = await askRows(
      "outcomes",
      Array.from({ length: 100 }, (_, index) => ({ timestamp: "2026-05-04T00:00:00Z", duration_ms: index + 1 })),
    );
    expect(rows).toEqual([["2026-05-04", "fill", "m", "p", 100, 1, 0, 0, 50, 90, 99]]);
    const total = (await askExamples("outcomes")).reduce((sum, row) => sum + Number(row[4]), 0);
    expect(total).toBe(2000);
  });
});

describe("attempts-distribution", () => {
  test("attempts-distribution adds up what was accepted so far", async () => {
    const rows = await askExamples("attempts-distribution");
    expect(rows.reduce((sum, row) => sum + Number(row[1]), 0)).toBe(2000);
    const accepted = examples.filter((row) => row.final_verdict === "accepted").length;
    expect(rows.at(-1)?.[5]).toBeCloseTo(accepted / 2000, 3);
  });
});

describe("refusal-reasons", () => {
  test("refusal-reasons folds ids, numbers, brackets and quoted text", async () => {
    const errors = [
      'fills[0].candidate_id "W-9011" is not on the roster',
      "fills[12].candidate_id \"Ana (W-1) 'x'\" is not on the roster",
      "W-1042 (Ana Ruiz) is on 4bf92f3577b34da6a3ce929d0e0e4736 since 06:30, 1,5 h",
      "W-7 (Bo) is on 123e4567-e89b-42d3-a456-426614174000 since 7, 22.75 h",
    ];
    const rows = await askRows(
      "refusal-reasons",
      errors.map((error) => ({ attempts: [{ iteration: 1, verdict_kind: "validation_failed", error }] })),
    );
    expect(rows.map((row) => [row[1], row[2]])).toEqual([
      ["<id> (…) is on <id> since N, N h", 2],
      ['fills[N].candidate_id "…" is not on the roster', 2],
    ]);
    expect((await askExamples("refusal-reasons", { variables: { limit: 3 } })).length).toBe(3);
  });
});

describe("model-regressions", () => {
  test("model-regressions finds the model that fell behind", async () => {
    const rows = await askExamples("model-regressions", { variables: { min_drop: 15 } });
    expect(rows.map((row) => [row[0], row[1]])).toEqual([["2026-11-02", "qwen3:8b"]]);
    expect(Number(rows[0]?.[8])).toBeLessThan(-3);
  });
});

describe("silent-daemons", () => {
  test("silent-daemons finds the daemon that fell silent", async () => {
    expect((await askExamples("silent-daemons")).map((row) => row[0])).toEqual(["runbookd"]);
    expect(await askExamples("silent-daemons", { variables: { days: 8.5 } })).toEqual([]);
  });
});

describe("session", () => {
  test("session has a row for each attempt, or one", async () => {
    const rows = [
      { session_id: "ab1", attempts: [] },
      {
        session_id: "ab2",
        attempts: [
          { iteration: 1, verdict_kind: "no_json", error: "e" },
          { iteration: 2, verdict_kind: "accepted", span_id: "x" },
        ],
      },
      { session_id: "b%" },
    ];
    expect(
      (await askRows("session", rows, { variables: { session_id: "ab" } })).map((row) => [row[0], ...row.slice(7)]),
    ).toEqual([
      ["ab1", null, null, null, null],
      ["ab2", 1, "no_json", "e", null],
      ["ab2", 2, "accepted", null, "x"],
    ]);
    expect((await askRows("session", rows, { variables: { session_id: "b%" } })).length).toBe(1);
  });
});

describe("infra-errors", () => {
  test("infra-errors counts by span of time", async () => {
    const total = async (span: string) =>
      (await askExamples("infra-errors", { variables: { span } })).reduce((sum, row) => sum + Number(row[3]), 0);
    const expected = examples.filter((row) => row.final_verdict === "infra_error").length;
    expect([await total("hour"), await total("week"), await total("month")]).toEqual([expected, expected, expected]);
  });
});

describe("replay-runs and replay-unmatched", () => {
  test("they join by session_id, as text, each run once", async () => {
    const directory = temporaryDirectory();
    const path = join(directory, "replay_runs.jsonl");
    const uuid = "AAAAAAAA-e89b-42d3-a456-426614174000";
    writeFileSync(
      path,
      text([
        `{"session_id":"${uuid}","score":1}`,
        '{"session_id":"s2"}',
        '{"session_id":"s2","n":2}',
        '{"session_id":"x"}',
        "{}",
      ]),
    );
    const tables = [{ name: "replay_runs", column: "session_id", file_column: "session_id", path }];
    const rows = [{ session_id: uuid }, {}, {}];
    expect((await askRows("replay-runs", rows, { tables })).map((row) => [row[1], row[8]])).toEqual([
      [uuid, { session_id: uuid, score: 1 }],
      ["s2", { session_id: "s2", n: 2 }],
      ["s2", { session_id: "s2" }],
    ]);
    expect(await askRows("replay-unmatched", rows, { tables })).toEqual([
      ["replay_runs", "x", null, null, 1],
      ["sessions", "s3", "2026-05-03T00:00:00Z", 1, null],
    ]);
  });
});
