import { expect, test } from "vitest";
import { numberRows, rowsOf } from "../../../src/journal/read/rows.js";

const text = "one\n\n two\n \t\r\n{three}\nlast";

test("rowsOf gives the lines that are not blank, the last one without its end too", () => {
  expect(rowsOf(Buffer.from(text)).map(String)).toEqual(["one", " two", "{three}", "last"]);
  expect(rowsOf(Buffer.from(""))).toEqual([]);
});

test("numberRows numbers rows from a sequence on, however the blocks are cut", async () => {
  for (let a = 0; a <= text.length; a++) {
    for (let b = a; b <= text.length; b++) {
      const found: unknown[] = [];
      for await (const { first_sequence, lines } of numberRows(blocks(a, b), 7, 8)) {
        found.push(...lines.map((line, index) => [first_sequence + index, String(line)]));
      }
      expect(found).toEqual([
        [8, " two"],
        [9, "{three}"],
        [10, "last"],
      ]);
    }
  }
});

async function* blocks(a: number, b: number): AsyncGenerator<Buffer> {
  for (const part of [text.slice(0, a), text.slice(a, b), text.slice(b)]) {
    if (part !== "") yield Buffer.from(part);
  }
}
