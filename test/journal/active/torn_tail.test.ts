import { describe, expect, test } from "vitest";
import { planTailRepair } from "../../../src/journal/active/torn_tail.js";

const plan = (text: string | Buffer) => {
  const { cut, kept, unended } = planTailRepair(Buffer.from(text));
  return { cut, kept: kept.map(String), unended };
};
const nuls = "\0".repeat(20);

describe("planTailRepair", () => {
  test.each([
    ["nothing", "", { cut: undefined, kept: [], unended: false }],
    ["complete rows", '{"a":1}\n{"a":2}\n', { cut: undefined, kept: [], unended: false }],
    ["a last row without its newline", '{"a":1}\n{"a":2}', { cut: undefined, kept: [], unended: true }],
    ["a torn last line", '{"a":1}\n{"a":', { cut: 8, kept: [], unended: false }],
    ["nothing but a torn line", '{"a":', { cut: 0, kept: [], unended: false }],
    ["NULs at the end", `{"a":1}\n${nuls}`, { cut: 8, kept: [], unended: false }],
    ["nothing but NULs", nuls, { cut: 0, kept: [], unended: false }],
    ["NULs between rows", `{"a":1}\n${nuls}\n{"a":2}\n`, { cut: 8, kept: ['{"a":2}'], unended: false }],
    [
      "NULs that swallow the start of a row",
      `{"a":1}\n${nuls}1}\n{"a":2}\n`,
      { cut: 8, kept: ['{"a":2}'], unended: false },
    ],
    [
      "garbage and rows behind it",
      'x\n{"a":1}\ny\n{"a":2}\n',
      { cut: 0, kept: ['{"a":1}', '{"a":2}'], unended: false },
    ],
    ["garbage and a last row without newline", 'x\n{"a":1}', { cut: 0, kept: ['{"a":1}'], unended: false }],
    ["two rows in one line", '{"a":1}{"a":2}\n', { cut: 0, kept: [], unended: false }],
    ["a blank line", '{"a":1}\n\n{"a":2}\n', { cut: 8, kept: ['{"a":2}'], unended: false }],
    ["blanks that a probe left", '{"a":1}\n      ', { cut: 8, kept: [], unended: false }],
    ["a JSON value that is no object", '{"a":1}\n[1]\n7\nnull\n"x"\n', { cut: 8, kept: [], unended: false }],
    [
      "a half-written UTF-8 character",
      Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc3]), Buffer.from('"}\n')]),
      { cut: 0, kept: [], unended: false },
    ],
    ["a row that ends with CR LF", '{"a":1}\r\n', { cut: undefined, kept: [], unended: false }],
  ])("planTailRepair of %s", (_, bytes, expected) => expect(plan(bytes)).toEqual(expected));

  test("planTailRepair cut at any byte of a row never makes another row of it", () => {
    const row = '{"a":{"b":[1,2,"é\\n"]},"c":1.25e3}\n';
    const bytes = Buffer.from(row);
    for (let length = 1; length < bytes.length - 1; length++) {
      expect(plan(bytes.subarray(0, length))).toEqual({ cut: 0, kept: [], unended: false });
    }
    expect(plan(bytes.subarray(0, -1))).toEqual({ cut: undefined, kept: [], unended: true });
  });
});
