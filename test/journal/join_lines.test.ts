import { expect, test } from "vitest";
import { joinLines } from "../../src/journal/join_lines.js";

const memory = Buffer.from("..one\ntwo\nthree\n..");
const one = memory.subarray(2, 6);
const two = memory.subarray(6, 10);
const three = memory.subarray(10, 16);
const other = Buffer.from("other\n");

test("joinLines copies nothing of lines that follow one another in memory", () => {
  const joined = joinLines([one, two, three]);
  expect(joined.toString()).toBe("one\ntwo\nthree\n");
  expect([joined.buffer, joined.byteOffset]).toEqual([memory.buffer, one.byteOffset]);
});

test.each<[string, readonly Uint8Array[]]>([
  ["", []],
  ["one\n", [one]],
  ["one\nthree\n", [one, three]],
  ["two\none\n", [two, one]],
  ["one\none\n", [one, one]],
  ["other\none\ntwo\nother\nthree\n", [other, one, two, other, three]],
])("joinLines gives %j", (text, lines) => {
  expect(joinLines(lines).toString()).toBe(text);
});
