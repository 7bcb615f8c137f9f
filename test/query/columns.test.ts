import { expect, test } from "vitest";
import { read } from "./support.js";

/** The one value of a SELECT as JSON and as text. */
async function answerOf(expression: string) {
  const { value } = await read("examples", async (reader) => {
    const { columns, batches } = await reader.select(`SELECT ${expression}`);
    for await (const [row] of batches()) {
      const [column] = columns;
      return [column?.json(row?.[0] ?? null), column?.text(row?.[0] ?? null)];
    }
    return [];
  });
  return value;
}

test.each<[string, string, string | undefined]>([
  ["NULL", "null", undefined],
  ["true", "true", "true"],
  ["42", "42", "42"],
  ["9007199254740993", "9007199254740993", "9007199254740993"],
  ["sum(1)", "1", "1"],
  ["1.50", "1.50", "1.50"],
  ["0.1::DOUBLE", "0.1", "0.1"],
  ["'nan'::DOUBLE", "null", "null"],
  ["'a\"b'", '"a\\"b"', 'a"b'],
  ["''", '""', ""],
  ["TIMESTAMPTZ '2026-05-02T05:22:09.120000Z'", '"2026-05-02T05:22:09.12Z"', "2026-05-02T05:22:09.12Z"],
  ["TIMESTAMPTZ '2026-05-02T05:22:09Z'", '"2026-05-02T05:22:09Z"', "2026-05-02T05:22:09Z"],
  ["TIMESTAMPTZ '1969-12-31T23:59:59.999999Z'", '"1969-12-31T23:59:59.999999Z"', "1969-12-31T23:59:59.999999Z"],
  ["'infinity'::TIMESTAMPTZ", '"infinity"', "infinity"],
  ["DATE '2026-05-02'", '"2026-05-02"', "2026-05-02"],
  ["TIMESTAMP '2026-05-02 01:02:03'", '"2026-05-02 01:02:03"', "2026-05-02 01:02:03"],
  ["INTERVAL 2 days", '"2 days"', "2 days"],
  ["[1, NULL]", "[1,null]", "[1,null]"],
  ["{'a': 1, 'b': ['x']}", '{"a":1,"b":["x"]}', '{"a":1,"b":["x"]}'],
  ['\'{"10":1,"__proto__":2}\'::JSON', '{"10":1,"__proto__":2}', '{"10":1,"__proto__":2}'],
  ["'[1,\n2]'::JSON", "[1,2]", "[1,2]"],
  ["MAP {'k': 1}", '[{"key":"k","value":1}]', '[{"key":"k","value":1}]'],
])("a column prints %s", async (expression, json, text) => {
  expect(await answerOf(expression)).toEqual([json, text]);
});
