import { expect, test } from "vitest";
import { createAsk } from "../../../src/view/answers/ask.js";
import { readSessionLines } from "../../../src/view/answers/session_lines.js";
import { read } from "../../query/support.js";
import example from "../api/sessions.json" with { type: "json" };

const NUMBERED = "(SELECT row_number() OVER () AS sequence, * FROM sessions)";

test("readSessionLines makes the example of the agreement of the example sessions", async () => {
  const { value } = await read("examples/sessions.jsonl", ({ select }) =>
    readSessionLines(createAsk(select), NUMBERED, "true", 20),
  );
  expect(value).toEqual(example.sessions);
});
