import { describe, expect, test } from "vitest";
import { eachLine, isBlank, isJsonObject, joinLines, readLines, splitLines } from "../../../src/journal/disk/lines.js";
import { createSimulatedDisk } from "../../support/simulated_disk.js";

async function* blocks(...texts: readonly string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

describe("splitLines", () => {
  test("splitLines gives the same lines however the blocks are cut", async () => {
    const text = "one\n\ntwo two\nthree";
    const expected = [
      ["one", 10, true],
      ["", 14, true],
      ["two two", 15, true],
      ["three", 23, false],
    ];
    for (let a = 0; a <= text.length; a++) {
      for (let b = a; b <= text.length; b++) {
        const found: unknown[] = [];
        const parts = [text.slice(0, a), text.slice(a, b), text.slice(b)].filter((part) => part !== "");
        await splitLines(blocks(...parts), 10, (line, offset, complete) =>
          found.push([String(line), offset, complete]),
        );
        expect(found).toEqual(expected);
      }
    }
  });

  test("splitLines of nothing gives no line", async () => {
    await splitLines(blocks(), 0, () => expect.unreachable());
  });
});

describe("readLines", () => {
  test("readLines reads the lines of a part of a file, longer than its blocks too", async () => {
    const disk = createSimulatedDisk();
    const long = "x".repeat(600_000);
    disk.put("/file", `skipped\n${long}\nshort\nnot this`);
    const file = await disk.open("/file", "read");
    const found: (readonly [number, number])[] = [];
    await readLines(file, 8, 8 + 600_001 + 6, (line, offset) => found.push([line.length, offset]));
    expect(found).toEqual([
      [600_000, 8],
      [5, 600_009],
    ]);
  });

  test("readLines ends where the file does", async () => {
    const disk = createSimulatedDisk();
    disk.put("/file", "a\nb");
    const found: unknown[] = [];
    await readLines(await disk.open("/file", "read"), 0, 100, (line, _, complete) =>
      found.push([String(line), complete]),
    );
    expect(found).toEqual([
      ["a", true],
      ["b", false],
    ]);
  });
});

test("eachLine tells where each line begins, and whether it is ended", () => {
  const found: unknown[] = [];
  eachLine(Buffer.from("a\n\nrest"), (line, offset, ended) => found.push([String(line), offset, ended]));
  expect(found).toEqual([
    ["a", 0, true],
    ["", 2, true],
    ["rest", 3, false],
  ]);
});

test.each([
  ["a longer line", ["aaa", "aaa", "aaa", "\nb\n"], ["aaaaaa\nb\n"]],
  ["a longer line that nothing ends", ["b\naaa", "aaa", "aaa"], ["b\n", "aaaaaa"]],
  ["no line that only its \\r makes longer", ["aaa", "a\r", "\n"], ["aaaa\r\n"]],
])("joinLines leaves bytes out of %s", async (_what, parts, expected) => {
  const joined: string[] = [];
  for await (const bytes of joinLines(blocks(...parts), 4)) joined.push(String(bytes));
  expect(joined).toEqual(expected);
});

test.each([
  ["", true],
  [" \t\r", true],
  [" x", false],
  ["\0", false],
])("isBlank of %j is %j", (line, expected) => expect(isBlank(Buffer.from(line))).toBe(expected));

test.each([
  ['{"a":1}', true],
  ["{}", true],
  ["[]", false],
  ["", false],
  ["   ", false],
  ['{"a":1', false],
  ['{"a":NaN}', false],
])("isJsonObject of %j is %j", (line, expected) => expect(isJsonObject(Buffer.from(line))).toBe(expected));
