import { expect, test } from "vitest";
import { namedSql } from "../../../src/query/catalog.js";
import { createAsk } from "../../../src/view/answers/ask.js";
import { type NameFilter, readCells } from "../../../src/view/answers/cube.js";
import { FIGURES_SQL, readFigures } from "../../../src/view/answers/overview.js";
import { read, rowsOf } from "../../query/support.js";
import overview from "../api/overview.json" with { type: "json" };

const NUMBERED = "(SELECT row_number() OVER () AS sequence, * FROM sessions)";
const ROSTER = {
  name: "roster",
  column: "worker_id",
  file_column: "worker_id",
  path: `${process.cwd()}/examples/roster.csv`,
};
const NO_NAMES: NameFilter = { kind: [], model: [], daemon: [], provider: [], verdict: [] };
/** Long after the examples. */
const NOW_MS = Date.UTC(2027, 0, 1);

const figuresOf = (names: NameFilter = NO_NAMES) =>
  read(
    "examples/sessions.jsonl",
    async ({ select }) => {
      const ask = createAsk(select);
      return readFigures({ ask, cells: await readCells(ask), names, from: NUMBERED, ids: {}, now_ms: NOW_MS });
    },
    { tables: [ROSTER] },
  );

test("readFigures makes the example of the agreement of the example sessions", async () => {
  const { entries, ...figures } = (await figuresOf()).value;
  const { total, days, weeks, matrix, facets, silent, alarm } = overview;
  expect(figures).toEqual({ total, days, weeks, matrix, facets, silent });
  expect(entries).toEqual(alarm.newest);
});

test("readFigures applies names to all but the facet that they choose from", async () => {
  const { total, facets } = (await figuresOf({ ...NO_NAMES, model: ["qwen3:8b"] })).value;
  expect(total.sessions).toBe(overview.facets.model.find(({ value }) => value === "qwen3:8b")?.sessions);
  expect(facets.model).toEqual(overview.facets.model);
  expect(facets.provider.map(({ value }) => value)).toEqual(["ollama"]);
});

test.each(["tiles", "days", "weeks"] as const)("FIGURES_SQL gives the figures of %s", async (name) => {
  const { value } = await read("examples/sessions.jsonl", (reader) => rowsOf(reader, FIGURES_SQL[name]));
  const figures = name === "tiles" ? [overview.total] : overview[name];
  const plain = figures.map((each) =>
    Object.values(each).filter((member) => typeof member !== "object" && typeof member !== "boolean"),
  );
  expect(value).toEqual(plain);
});

test("readFigures says the shares of the queries first-shot-weeks and model-regressions", async () => {
  const { value } = await read("examples/sessions.jsonl", async (reader) => ({
    weeks: await rowsOf(reader, FIGURES_SQL.matrix),
    regressions: await rowsOf(reader, namedSql("model-regressions")),
  }));
  const cells = overview.matrix.model.flatMap(({ name, weeks }) => weeks.map((week) => ({ ...week, name })));
  const round3 = (share: number | null) => Math.round(Number(share) * 1000) / 1000;
  const known = new Map(
    cells.map(({ name, week, answered, first_shot, share, low, high }) => [
      `${name === "" ? "(none)" : name} ${week}`,
      [answered, first_shot, round3(share), round3(low), round3(high)],
    ]),
  );
  for (const [name, week, , ...numbers] of value.weeks) {
    const expected = known.get(`${name} ${week}`) ?? [];
    for (const [index, number] of numbers.entries()) expect(number).toBeCloseTo(expected[index] ?? Number.NaN, 2);
  }
  expect(value.weeks.length).toBe(known.size);
  for (const [week, , model, , , , , , , z] of value.regressions) {
    expect(cells.find((cell) => cell.name === model && cell.week === week)?.z).toBe(z);
  }
});
