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
    for (const [model, , answered, first_shot, accepted, infra_errors, first_share, accepted_share] of rows) {
      const own = examples.filter((row) => row.model === (model === "(none)" ? "" : model));
      const infra = own.filter((row) => row.final_verdict === "infra_error").length;
      const first = own.filter((row) => row.final_verdict === "accepted" && row.iterations === 1).length;
      const all = own.filter((row) => row.final_verdict === "accepted").length;
      expect([answered, first_shot, accepted, infra_errors]).toEqual([own.length - infra, first, all, infra]);
      if (model === "(none)") expect([answered, first_share, accepted_share]).toEqual([0, null, null]);
      else expect(first_share).toBeCloseTo(first / (own.length - infra), 3);
    }
    expect(rows.at(-1)?.[0]).toBe("(none)");
    expect((await askExamples("first-shot", { variables: { min_sessions: 400 } })).length).toBe(2);
  });

  test("every question has the same definition: of answered sessions", async () => {
    const qwen = (await askExamples("first-shot")).find(([model]) => model === "qwen3:8b");
    const weeks = (await askExamples("first-shot-weeks")).filter(([name]) => name === "qwen3:8b");
    const sum = (column: number) => weeks.reduce((total, row) => total + Number(row[column]), 0);
    expect([qwen?.[2], qwen?.[3]]).toEqual([sum(3), sum(4)]);
    const models = await askExamples("first-shot");
    const total = (column: number) => models.reduce((all, row) => all + Number(row[column]), 0);
    const atOne = (await askExamples("attempts-distribution")).find(([iterations]) => iterations === 1);
    expect(atOne?.[5]).toBeCloseTo(total(3) / total(2), 3);
    const regressed = (await askExamples("model-regressions")).find(([, , model]) => model === "qwen3:8b");
    expect(regressed?.slice(6, 8)).toEqual([weeks.at(-1)?.[3], weeks.at(-1)?.[5]]);
  });
});

describe("first-shot-weeks", () => {
  test("first-shot-weeks shows the model that fell", async () => {
    const qwen = (await askExamples("first-shot-weeks")).filter(([name]) => name === "qwen3:8b");
    expect(qwen.slice(-3).map((row) => Number(row[5]).toFixed(2))).toEqual(["0.69", "0.45", "0.40"]);
    // The intervals of the first and of the last two do not meet.
    expect(Number(qwen.at(-3)?.[6])).toBeGreaterThan(Number(qwen.at(-2)?.[7]));
    expect(qwen.map((row) => row[2])).not.toContain(true);
  });

  test("first-shot-weeks has the 95 % interval of Wilson", async () => {
    // 9 of 10, from Newcombe 1998's formula: 0.596 to 0.982.
    const rows = Array.from({ length: 10 }, (_, index) => ({
      timestamp: "2026-05-04T00:00:00Z",
      iterations: index === 0 ? 2 : 1,
      model: "",
    }));
    const infra = { timestamp: "2026-05-04T00:00:00Z", final_verdict: "infra_error" };
    expect(await askRows("first-shot-weeks", [...rows, infra])).toEqual([
      ["(none)", "2026-05-04", false, 10, 9, 0.9, 0.596, 0.982],
    ]);
  });

  test.each(["kind", "daemon"] as const)("first-shot-weeks compares each %s", async (by) => {
    const names = new Set((await askExamples("first-shot-weeks", { variables: { by } })).map(([name]) => name));
    expect(names).toEqual(new Set(examples.map((row) => row[by])));
  });

  test("the week that has not ended yet is marked", async () => {
    const rows = [{ timestamp: new Date().toISOString() }, { timestamp: "2026-05-04T00:00:00Z" }];
    const weeks = await askRows("first-shot-weeks", rows);
    expect(weeks.map((row) => row[2])).toEqual([false, true]);
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
    // Newest first.
    expect((await askExamples("alarm")).map((row) => [row[0], row[2]])).toEqual([
      ["unchecked", found[1]?.session_id],
      ["ungrounded", found[0]?.session_id],
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
      { artifact: fills(id("no"), {}), grounded_in_roster: false },
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
    expect(found[0]?.[0]).toBe("confirmed_ungrounded");
    expect(found.map((row) => [row[2], row[0], row[7]]).sort()).toEqual([
      ["s10", "no_ids", []],
      ["s11", "no_ids", []],
      ["s2", "claimed_grounded", ["12"]],
      ["s3", "claimed_ungrounded", []],
      ["s4", "confirmed_ungrounded", ["no", "(none)"]],
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

  test("audit names the phantom of the examples first, though its stamp is right, then the unchecked fill", async () => {
    const path = "examples/roster.csv";
    const tables = [{ name: "roster", column: "worker_id", file_column: "worker_id", path }];
    const found = await askExamples("audit", { tables });
    expect(found.map((row) => [row[0], String(row[2]).slice(0, 8), row[7]])).toEqual([
      ["confirmed_ungrounded", "10e1773b", ["W-9917"]],
      ["never_checked", "9b048334", []],
    ]);
    const active = readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => !line.startsWith("W-1000,"))
      .join("\n");
    const named = acceptedFills.filter((row) =>
      row.artifact?.fills?.some(({ candidate_id }) => candidate_id === "W-1000"),
    );
    const rows = await askExamples("audit", rosterOf(temporaryDirectory(), "r.csv", active));
    const claimed = rows.filter((row) => row[0] === "claimed_grounded");
    expect(claimed.map((row) => row[2])).toEqual(named.map((row) => row.session_id).reverse());
  });
});

describe("outcomes", () => {
  test("outcomes has percentiles of each group", async () => {
    const rows = await askRows(
      "outcomes",
      Array.from({ length: 100 }, (_, index) => ({ timestamp: "2026-05-04T00:00:00Z", duration_ms: index + 1 })),
    );
    expect(rows).toEqual([["2026-05-04", "fill", "m", "p", 100, 1, 0, 0, 50, 90, 99]]);
    const mixed = [{}, {}, { final_verdict: "infra_error" }, { final_verdict: "max_iter_exhausted" }];
    const shares = await askRows(
      "outcomes",
      mixed.map((row) => ({ timestamp: "2026-05-04T00:00:00Z", ...row })),
    );
    expect(shares.map((row) => row[5])).toEqual([0.667]);
    const total = (await askExamples("outcomes")).reduce((sum, row) => sum + Number(row[4]), 0);
    expect(total).toBe(2000);
  });
});

describe("attempts-distribution", () => {
  test("attempts-distribution adds up what was accepted so far", async () => {
    const rows = await askExamples("attempts-distribution");
    expect(rows.reduce((sum, row) => sum + Number(row[1]), 0)).toBe(2000);
    const accepted = examples.filter((row) => row.final_verdict === "accepted").length;
    const answered = examples.filter((row) => row.final_verdict !== "infra_error").length;
    expect(rows.at(-1)?.[5]).toBeCloseTo(accepted / answered, 3);
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
  });

  test("refusal-reasons folds free text at the end, in each of the examples' reasons", async () => {
    const rows = await askExamples("refusal-reasons");
    const named = (text: string) =>
      examples.flatMap((row) => row.attempts).filter(({ error }) => error?.includes(text) === true).length;
    expect(rows.filter((row) => String(row[1]).includes("double-booked")).map((row) => row[2])).toEqual([
      named("double-booked"),
    ]);
    expect(rows.filter((row) => String(row[1]).includes("is hired as")).map((row) => row[2])).toEqual([
      named("is hired as"),
    ]);
    expect(rows.length).toBe(18);
  });

  test("refusal-reasons says what the limit leaves out", async () => {
    const all = await askExamples("refusal-reasons");
    const rows = await askExamples("refusal-reasons", { variables: { limit: 3 } });
    expect(rows.slice(0, 3)).toEqual(all.slice(0, 3));
    const attempts = all.slice(3).reduce((sum, row) => sum + Number(row[2]), 0);
    expect(rows.slice(3).map((row) => row.slice(0, 3))).toEqual([
      [null, `other: 15 reasons, ${attempts} attempts`, attempts],
    ]);
  });

  test("refusal-reasons counts refusals without a word", async () => {
    const refused = { attempts: [{ iteration: 1, verdict_kind: "no_json" }] };
    expect(await askRows("refusal-reasons", [refused])).toEqual([["no_json", "(none)", 1, 1, 1, ""]]);
  });
});

describe("refusal-weeks", () => {
  test("refusal-weeks counts sessions of 100 answered ones, with weeks that have none", async () => {
    const week = (day: number, count: number, refused: number) =>
      Array.from({ length: count }, (_, index) => ({
        session_id: `d${day}-${index}`,
        timestamp: `2026-05-${String(day).padStart(2, "0")}T00:00:00Z`,
        attempts: (index < refused ? ["a 1", "a 2"] : []).map((error, iteration) => ({
          iteration,
          verdict_kind: "validation_failed",
          error,
        })),
      }));
    const infra = { timestamp: "2026-05-18T00:00:00Z", final_verdict: "infra_error" };
    const rows = await askRows("refusal-weeks", [...week(4, 40, 0), ...week(11, 60, 10), ...week(18, 50, 20), infra]);
    expect(rows).toEqual([
      ["2026-05-18", false, "validation_failed", "a N", 20, 50, 40, 10, 30, 4.3],
      ["2026-05-11", false, "validation_failed", "a N", 10, 60, 16.7, 0, 16.7, 2.7],
      ["2026-05-04", false, "validation_failed", "a N", 0, 40, 0, null, null, null],
    ]);
  });

  test("refusal-weeks shows what grew in the examples, and the others together", async () => {
    const rows = await askExamples("refusal-weeks", { variables: { limit: 2, weeks: 2 } });
    expect(rows.map((row) => [row[0], row[3]])).toEqual([
      ["2026-11-09", "no JSON object in output"],
      ["2026-11-09", 'fills[N].candidate_id "…" is not on the roster'],
      ["2026-11-09", "other: 16 reasons"],
      ["2026-11-02", "other: 16 reasons"],
      ["2026-11-02", 'fills[N].candidate_id "…" is not on the roster'],
      ["2026-11-02", "no JSON object in output"],
    ]);
    expect(Number(rows[0]?.[9])).toBeGreaterThan(3);
  });
});

describe("model-regressions", () => {
  test("model-regressions finds the model that fell behind, also the week after, when it stays there", async () => {
    const rows = await askExamples("model-regressions", { variables: { min_drop: 15 } });
    expect(rows.map((row) => [row[0], row[2]])).toEqual([
      ["2026-11-09", "qwen3:8b"],
      ["2026-11-02", "qwen3:8b"],
    ]);
    for (const row of rows) expect(Number(row[9])).toBeLessThan(-3);
  });

  test("model-regressions compares with four weeks, not with more, and marks the running one", async () => {
    const monday = (weeks_ago: number) => new Date(Date.now() - weeks_ago * 7 * 86_400_000).toISOString();
    const rows = [0, 1, 4, 5].flatMap((weeks_ago) =>
      Array.from({ length: 20 }, (_, index) => ({
        timestamp: monday(weeks_ago),
        iterations: index < (weeks_ago === 0 ? 10 : weeks_ago === 5 ? 0 : 20) ? 1 : 2,
      })),
    );
    const found = await askRows("model-regressions", rows);
    expect(found.map((row) => row.slice(1, 8))).toEqual([[true, "m", "p", 40, 1, 20, 0.5]]);
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
