import { expect, test } from "vitest";
import { createAsk } from "../../../src/view/answers/ask.js";
import { readSessionLines } from "../../../src/view/answers/session_lines.js";
import { sessionLineOf } from "../../../src/view/live/session_line.js";
import { exampleRows, read } from "../../query/support.js";

const NUMBERED = "(SELECT row_number() OVER () AS sequence, * FROM sessions)";

test("sessionLineOf makes the lines that DuckDB makes of the same rows, but for their nanoseconds", async () => {
  const { value } = await read("examples/sessions.jsonl", ({ select }) =>
    readSessionLines(createAsk(select), NUMBERED, "true", exampleRows.length),
  );
  const own = exampleRows.map((row, index) => sessionLineOf(row, index + 1)).reverse();
  const micros = (time: string | null) => time?.replace(/(\.\d{6})\d+Z$/, "$1Z").replace(/0+Z$/, "Z");
  expect(own.map((line) => ({ ...line, timestamp: micros(line.timestamp) }))).toEqual(
    value.map((line) => ({ ...line, timestamp: micros(line.timestamp) })),
  );
});
