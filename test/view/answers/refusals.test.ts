import { expect, test } from "vitest";
import { createAsk } from "../../../src/view/answers/ask.js";
import { readRefusals } from "../../../src/view/answers/refusals.js";
import { read } from "../../query/support.js";
import example from "../api/refusals.json" with { type: "json" };

test("readRefusals makes the example of the agreement of the example sessions", async () => {
  const { value } = await read("examples/sessions.jsonl", ({ select }) =>
    readRefusals(createAsk(select), Date.UTC(2027, 0, 1)),
  );
  const { reasons, others, weeks } = example;
  expect({ ...value, sql: undefined }).toEqual({ reasons, others, weeks, sql: undefined });
});
