import { expect, test } from "vitest";
import { printTable } from "../../../src/cli/output/table.js";
import { cutToWidth, textWidth } from "../../../src/cli/output/text_width.js";

const table = {
  columns: [
    { name: "name", numeric: false },
    { name: "n", numeric: true },
    { name: "text", numeric: false },
  ],
  rows: [
    ["Đorđe", "7", "a long text that goes on"],
    ["日本", "1234567", undefined],
  ],
};

test("printTable cuts the widest texts so that lines fit", () => {
  expect(printTable(table, { width: 30, colours: false }).split("\n")).toEqual([
    "name         n  text",
    "─────  ───────  ──────────────",
    "Đorđe        7  a long text t…",
    "日本   1234567  null",
    "",
  ]);
});

test("printTable tells each row line by line when the columns do not fit", () => {
  expect(printTable(table, { width: 18, colours: false }).split("\n")).toEqual([
    "name  Đorđe",
    "n     7",
    "text  a long text…",
    "",
    "name  日本",
    "n     1234567",
    "text  null",
    "",
  ]);
});

test("printTable colours the header, the rule and NULL only", () => {
  const text = printTable(
    { columns: table.columns.slice(0, 1), rows: [["x"], [undefined]] },
    { width: 80, colours: true },
  );
  expect(text).toBe(
    "\u001b[1mname\u001b[0m\n\u001b[2m────\u001b[0m\nx   \n\u001b[2mnull\u001b[0m\n".replace("x   ", "x"),
  );
});

test.each([
  ["", 0],
  ["abc", 3],
  ["Łódź", 4],
  ["e\u0301", 1],
  ["日本", 4],
  ["🙂", 2],
  ["👨‍👩‍👧", 2],
  ["…→", 2],
])("textWidth of %j is %d", (text, width) => {
  expect(textWidth(text)).toBe(width);
});

test("cutToWidth never cuts through a character", () => {
  expect(cutToWidth("日本語", 4)).toBe("日…");
  expect(cutToWidth("a🙂b", 3)).toBe("a…");
  expect(cutToWidth("abc", 3)).toBe("abc");
});
