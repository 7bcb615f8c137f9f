import { expect, test } from "vitest";
import { parseFilter } from "../../../src/view/filter.js";
import { passes } from "../../../src/view/live/live_hub.js";
import { sessionLineOf } from "../../../src/view/live/session_line.js";
import { rowText } from "../../cli/support.js";

const line = sessionLineOf(
  rowText({
    final_verdict: "accepted",
    grounded_in_roster: false,
    attempts: [
      { verdict_kind: "validation_failed", error: "x" },
      { verdict_kind: "no_json" },
      { verdict_kind: "accepted" },
    ],
  }),
  1,
);

test.each([
  ["", true],
  ["kind=fill&model=qwen3:8b&daemon=validatord&provider=ollama&verdict=accepted", true],
  ["kind=email&kind=fill", true],
  ["kind=email", false],
  ["model=", false],
  ["pattern=vna", true],
  ["pattern=vv", false],
  ["alarm=any", true],
  ["alarm=ungrounded", true],
  ["alarm=unchecked", false],
])("passes lets a session through %j: %s", (query, expected) => {
  expect(passes(parseFilter(new URLSearchParams(query), [], 0), line)).toBe(expected);
});
