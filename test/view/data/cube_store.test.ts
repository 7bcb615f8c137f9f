import { expect, test } from "vitest";
import { createAsk } from "../../../src/view/answers/ask.js";
import { countsOf } from "../../../src/view/answers/cube.js";
import { addCells, readCube } from "../../../src/view/data/cube_store.js";
import { read } from "../../query/support.js";

const EXAMPLES = "examples/sessions.jsonl";

test("readCube puts rare names together when there are too many cells, and loses no session", async () => {
  const { value } = await read(EXAMPLES, async ({ select }) => {
    const ask = createAsk(select);
    return { whole: await readCube(ask), cut: await readCube(ask, 100, 2) };
  });
  const { whole, cut } = value;
  expect([whole.is_cut, cut.is_cut]).toEqual([false, true]);
  expect(new Set(cut.cells.map(({ model }) => model))).toEqual(new Set(["qwen3:8b", "gpt-4.1-mini", "(others)"]));
  const { accepted_fills, ...counts } = countsOf(whole.cells);
  expect(countsOf(cut.cells)).toMatchObject({ ...counts, accepted_fills });
});

test("addCells adds up what has the same names", async () => {
  const { value } = await read(EXAMPLES, ({ select }) => readCube(createAsk(select)));
  const twice = addCells(value.cells, value.cells);
  expect(twice.length).toBe(value.cells.length);
  expect(countsOf(twice).sessions).toBe(4000);
});
