import { describe, expect, test } from "vitest";
import { compareWords, foldReason } from "../../../../src/view/app/text/fold.js";

test.each([
  ['fills[0].candidate_id "W-1" is not on the roster', 'fills[2].candidate_id "W-77" is not on the roster', true],
  ["fills[0]: W-1005 (Farid) is double-booked", "fills[1]: W-9 (Ana) is double-booked", true],
  ["no JSON object in output", "unexpected end of JSON input at offset 9", false],
])("foldReason takes %j and %j for the same reason: %s", (one, other, same) => {
  expect(foldReason(one) === foldReason(other)).toBe(same);
});

describe("compareWords", () => {
  test("marks the words that are not in the text before", () => {
    const pieces = compareWords('candidate_id "W-1" is not on the roster', 'candidate_id "W-2" is not on the roster');
    expect(pieces).toEqual([
      { text: 'candidate_id "', changed: false },
      { text: "W-2", changed: true },
      { text: '" is not on the roster', changed: false },
    ]);
  });

  test.each([
    ["", "a b"],
    ["a b", ""],
    ["same", "same"],
    ["x ".repeat(3000), "y ".repeat(3000)],
  ])("gives the whole second text", (before, after) => {
    expect(
      compareWords(before, after)
        .map(({ text }) => text)
        .join(""),
    ).toBe(after);
  });
});
